package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/version"
)

// IO is what a command line talks to.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is one run of the command line.
type app struct {
	IO
	socket string
}

func (a *app) client() *control.Client { return control.NewClient(a.socket) }

// Run runs the command line and returns its exit code. It ends soon after ctx is done.
func Run(ctx context.Context, args []string, std IO) int {
	a := &app{IO: std}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errToolFailed) && !errors.Is(err, errUnhealthy) {
		fmt.Fprintln(std.Err, "brum-hub:", plain(err.Error()))
	}
	return exitCode(ctx, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "brum-hub",
		Short: "Reach the brum instances of this machine",
		Long: "brum-hub keeps a lasting connection to every brum instance of this machine and offers\n" +
			"them to people, programs and AI tools.\n\n" +
			"INSTANCE is an instance's id, a unique prefix of its id, or its name.\n\n" + exitHelp,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("no command %q: see brum-hub --help", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("brum-hub {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.PersistentFlags().StringVar(&a.socket, "socket", defaultSocket(), "control socket of the hub (BRUM_HUB_SOCKET)")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.serveCommand(), a.statusCommand(), a.logsCommand(), a.callCommand(), a.historyCommand(), a.callsCommand(), a.readersCommand(),
		a.openCommand(), a.connectCommand(), a.disconnectCommand(), a.mcpCommand(), a.doctorCommand())
	return root
}

// args checks the number of arguments.
func args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if len(got) < least || len(got) > most {
			return usagef("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// isTerminal reports whether a person may be looking.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// newLogger writes text to terminals and JSON elsewhere.
func newLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level %q: want debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: l}
	if isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return slog.New(slog.NewJSONHandler(w, options)), nil
}

// plain makes what comes from elsewhere safe to print: one line, without control characters.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || (r >= 0x7f && r < 0xa0):
			return -1
		}
		return r
	}, s)
}
