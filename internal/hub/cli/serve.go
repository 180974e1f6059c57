package cli

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/daemon"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/internal/programlog"
	"github.com/standardbeagle/brum/internal/version"
)

// hubFlags are the flags of a hub that runs, which mcp hands on to the one it starts.
type hubFlags struct {
	http         string
	httpFallback bool
	stateDir     string
	discoveryDir string
	ledger       string
	robust       string // "" leaves it to the environment
	logLevel     string
	logFile      string
	limits       limitFlags
}

func (f *hubFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.http, "http", "127.0.0.1:7770", "address for HTTP: the page, the API, /mcp and /metrics; off for none")
	flags.BoolVar(&f.httpFallback, "http-fallback", false, "take a free port if that of --http is in use")
	flags.StringVar(&f.stateDir, "state-dir", stateDir(), "directory for what outlives the hub, its token among it")
	flags.StringVar(&f.discoveryDir, "discovery-dir", "", "directory of the instances' files (BRUM_DISCOVERY_DIR; default that of brummer)")
	flags.StringVar(&f.ledger, "ledger", string(hub.LedgerBestEffort), "record of calls: require (refuse calls that can't be recorded), best-effort or off")
	flags.StringVar(&f.robust, "robust-networking", "", "reach instances by sessions that survive outages; false: over plain HTTP ("+envNetworking+"; default true)")
	flags.Lookup("robust-networking").NoOptDefVal = "true"
	flags.StringVar(&f.logLevel, "log-level", programlog.DefaultLevel(), "debug, info, warn or error ("+programlog.EnvLevel+"); SIGUSR1 toggles debug while it runs")
	flags.StringVar(&f.logFile, "log-file", "", "append the log to this file, instead of standard error")
	oneOf(cmd, "ledger", string(hub.LedgerRequire), string(hub.LedgerBestEffort), string(hub.LedgerOff))
	oneOf(cmd, "robust-networking", "true", "false")
	oneOf(cmd, "log-level", programlog.Levels...)
	cmd.ValidArgsFunction = noArguments
	f.limits.register(cmd)
}

// check tells what is wrong with flags before something is done by them.
func (f *hubFlags) check() error {
	if _, err := hub.ParseLedgerPolicy(f.ledger); err != nil {
		return usagef("--ledger: %w", err)
	}
	if _, err := programlog.ParseLevel(f.logLevel); err != nil {
		return usagef("--log-level: %w", err)
	}
	if _, _, err := f.limits.parse(); err != nil {
		return err
	}
	_, err := f.networking()
	return err
}

// args are the flags of a hub that does not run where this command does.
func (f *hubFlags) args(socket string) ([]string, error) {
	all := []string{"--http=" + f.http}
	if f.httpFallback {
		all = append(all, "--http-fallback")
	}
	networking, err := f.networking()
	if err != nil {
		return nil, err
	}
	all = append(all, "--robust-networking="+strconv.FormatBool(networking == hub.NetworkingRobust))
	all = append(all, "--ledger="+f.ledger, "--log-level="+f.logLevel)
	all = append(all, f.limits.args()...)
	for _, p := range []struct{ flag, path string }{
		{"socket", socket}, {"state-dir", f.stateDir}, {"discovery-dir", f.discoveryDir}, {"log-file", f.logFile},
	} {
		if p.path == "" {
			continue
		}
		path, err := filepath.Abs(p.path)
		if err != nil {
			return nil, err
		}
		all = append(all, "--"+p.flag+"="+path)
	}
	return all, nil
}

// address is the address for HTTP, "" for none.
func (f *hubFlags) address() string {
	if strings.EqualFold(f.http, "off") {
		return ""
	}
	return f.http
}

func (a *app) serveCommand() *cobra.Command {
	var f hubFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the hub",
		Long: "Runs the hub until it is interrupted. There is one per control socket.\n\n" +
			"Over HTTP everything that acts or reveals needs the hub's token, in the header\n" +
			"Authorization: Bearer; it is kept in the file token of the state directory.\n\n" +
			"Calls and the positions of log readers are recorded in the directory ledger there, so\n" +
			"that after a crash the outcome of every call is known: see brum-hub calls.",
		Example: "  brum-hub serve\n  brum-hub serve --http off --log-level debug",
		GroupID: groupHub,
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, closeLog, err := a.openLog(&f)
			if err != nil {
				return err
			}
			defer closeLog()
			defer programlog.OutliveReaders()()
			policy, err := hub.ParseLedgerPolicy(f.ledger)
			if err != nil {
				return usagef("--ledger: %w", err)
			}
			connections, memory, err := f.limits.parse()
			if err != nil {
				return err
			}
			networking, err := f.networking()
			if err != nil {
				return err
			}
			if err := preparePaths(a.socket); err != nil {
				return err
			}
			return daemon.Run(cmd.Context(), daemon.Options{
				HTTP:         f.address(),
				HTTPFallback: f.httpFallback,
				Socket:       a.socket,
				StateDir:     f.stateDir,
				Ledger:       policy,
				Networking:   networking,
				DiscoveryDir: f.discoveryDir,

				MaxConnections: connections,
				Memory:         limits.LimitMemory(memory),
				Version:        version.String(),
				Log:            log,
			})
		},
	}
	f.register(cmd)
	return cmd
}
