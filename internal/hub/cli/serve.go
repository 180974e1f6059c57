package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/daemon"
	"github.com/standardbeagle/brum/internal/version"
)

// hubFlags are the flags of a hub that runs, which mcp hands on to the one it starts.
type hubFlags struct {
	http         string
	httpFallback bool
	stateDir     string
	discoveryDir string
	ledger       string
	logLevel     string
}

func (f *hubFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.http, "http", "127.0.0.1:7770", "address for HTTP: the API and /mcp; off for none")
	flags.BoolVar(&f.httpFallback, "http-fallback", false, "take a free port if that of --http is in use")
	flags.StringVar(&f.stateDir, "state-dir", stateDir(), "directory for what outlives the hub, its token among it")
	flags.StringVar(&f.discoveryDir, "discovery-dir", "", "directory of the instances' files (BRUM_DISCOVERY_DIR; default that of brummer)")
	flags.StringVar(&f.ledger, "ledger", string(hub.LedgerBestEffort), "record of calls: require (refuse calls that can't be recorded), best-effort or off")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
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
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(a.Err, f.logLevel)
			if err != nil {
				return err
			}
			policy, err := hub.ParseLedgerPolicy(f.ledger)
			if err != nil {
				return usagef("--ledger: %w", err)
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
				DiscoveryDir: f.discoveryDir,
				Version:      version.String(),
				Logger:       log,
			})
		},
	}
	f.register(cmd)
	return cmd
}
