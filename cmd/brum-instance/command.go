package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/standardbeagle/brum/internal/instance"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/internal/process"
	"github.com/standardbeagle/brum/internal/programlog"
	"github.com/standardbeagle/brum/internal/slip"
	"github.com/standardbeagle/brum/internal/version"
)

const help = `brum-instance runs the scripts of a project, keeps their output, and lets hubs
control and follow them. It prints the output too. It goes on serving when the
processes have ended, until it is stopped.

  brum-instance dev api              runs the scripts dev and api of package.json
  brum-instance -- go run ./server   runs any command
  brum-instance                      runs nothing yet; hubs can start scripts

The package manager (npm, pnpm, yarn, bun) is found by packageManager in
package.json or by the lock file. Every process runs in a group of its own, which
ends with it. The first SIGINT, SIGTERM or SIGHUP asks the processes to stop and
kills them after --stop-grace; a second one kills at once.

Exit codes:
  0    stopped by a signal, everything was shut down
  1    could not listen, something named on the command line could not be run, or
       nobody reads its output any more; everything was shut down
  2    wrong usage
  130  killed by a second signal

Environment:
  BRUM_DISCOVERY_DIR       directory of instance files; --discovery-dir comes first
  BRUMMER_MAX_CONNECTIONS  for --max-connections, which comes first
  BRUM_MEMORY_LIMIT        for --memory-limit, which comes first
  BRUM_LOG_LEVEL           for --log-level, which comes first`

// usageError marks what is the user's mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

type options struct {
	instance.Config
	restart        string
	logBuffer      string
	maxConnections string
	memoryLimit    string
	logLevel       string
	quiet          bool
	log            *programlog.Log

	completion string
	man        bool
}

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:               "brum-instance [flags] [SCRIPT…] [-- COMMAND ARGS…]",
		Short:             "Run the scripts of a project for brum hubs",
		Long:              help,
		Version:           version.String(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		ValidArgsFunction: o.scriptNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if printed, err := o.printInstead(cmd); printed || err != nil {
				return err
			}
			if err := o.complete(cmd, args); err != nil {
				return usageError{err}
			}
			in, err := instance.New(o.Config)
			if err != nil {
				return usageError{err}
			}
			defer o.log.ToggleOnSignal()()
			return serve(cmd.Context(), in)
		},
	}
	cmd.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w%s", err, slip.FlagHint(cmd.Flags(), err))}
	})
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Name, "name", "", "name of this instance (default: the directory's)")
	f.StringVar(&o.Dir, "dir", ".", "directory of the project")
	f.StringVar(&o.Host, "listen", "127.0.0.1", "address to listen on; only loopback, as there is no TLS; localhost is 127.0.0.1 and ::1")
	f.IntVar(&o.Port, "port", 7777, "first port to try, up to 7999; 0: any")
	f.StringVar(&o.restart, "restart", "never", "when to start ended processes again: never, on-failure, always")
	f.StringVar(&o.logBuffer, "log-buffer", "64MiB", "memory for output lines, such as 512KiB, 64MiB, 1GiB")
	f.StringVar(&o.maxConnections, limits.ConnectionsFlag, "", fmt.Sprintf("sessions, and requests over HTTP, at a time (default %d)", limits.DefaultConnections))
	f.StringVar(&o.memoryLimit, limits.MemoryFlag, "", "memory above which new sessions are refused; off: none (default 1GiB beside --log-buffer)")
	f.StringVar(&o.logLevel, "log-level", programlog.DefaultLevel(), "of brum-instance's own log: debug, info, warn, error; SIGUSR1 toggles debug while it runs")
	f.StringVar(&o.DiscoveryDir, "discovery-dir", "", "directory of instance files")
	f.BoolVar(&o.AllowLegacy, "allow-legacy", false, "let old hubs, and any program on this machine, use /mcp without the token")
	f.DurationVar(&o.StopGrace, "stop-grace", process.DefaultGrace, "time for processes to end before they are killed; 0: none")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "do not print the processes' output")
	f.StringVar(&o.completion, "completion", "", "print the completion script for a `shell`: bash, zsh, fish, powershell")
	f.BoolVar(&o.man, "man", false, "print the manual page")
	for flag, values := range map[string][]string{
		"restart":    {"never", "on-failure", "always"},
		"log-level":  programlog.Levels,
		"completion": shells,
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	return cmd
}

// complete turns what cobra has parsed into a Config.
func (o *options) complete(cmd *cobra.Command, args []string) (err error) {
	o.Scripts = args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		o.Scripts, o.Command = args[:dash], args[dash:]
		if len(o.Command) == 0 {
			return fmt.Errorf("a command is missing after --")
		}
	}
	if o.Restart, err = process.ParseRestartPolicy(o.restart); err != nil {
		return fmt.Errorf("--restart: %w", err)
	}
	if o.LogBuffer, err = limits.ParseSize(o.logBuffer); err != nil {
		return fmt.Errorf("--log-buffer: %w", err)
	}
	if o.MaxConnections, err = limits.Connections(o.maxConnections, os.Getenv); err != nil {
		return err
	}
	memory, err := limits.ParseMemory(o.memoryLimit, os.Getenv, limits.DefaultMemory+o.LogBuffer)
	if err != nil {
		return err
	}
	switch {
	case o.Port < 0 || o.Port > 65535:
		return fmt.Errorf("--port: want 0 to 65535, got %d", o.Port)
	case o.LogBuffer < logstore.MinLimit:
		return fmt.Errorf("--log-buffer: %s is too little, at least %s", o.logBuffer, limits.Size(logstore.MinLimit))
	case o.StopGrace < 0 || o.StopGrace > time.Hour:
		return fmt.Errorf("--stop-grace: want 0 to 1h, got %v", o.StopGrace)
	case o.StopGrace == 0:
		o.StopGrace = -1
	}
	level, err := programlog.ParseLevel(o.logLevel)
	if err != nil {
		return fmt.Errorf("--log-level: %w", err)
	}
	o.Memory = limits.LimitMemory(memory)
	o.Config.Version = cmd.Version
	o.log = programlog.New(os.Stderr, level)
	o.Logger = o.log.Logger
	if !o.quiet {
		o.Output = os.Stdout
	}
	return nil
}
