package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/programlog"
	"github.com/standardbeagle/brum/internal/slip"
	"github.com/standardbeagle/brum/internal/terminal"
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
	if err != nil && !errors.Is(err, errToolFailed) && !errors.Is(err, errUnhealthy) && !errors.Is(err, errLimits) {
		fmt.Fprintln(std.Err, "brum-hub:", plain(err.Error()))
	}
	return exitCode(ctx, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "brum-hub",
		Short: "Reach the brum instances of this machine",
		Example: "  brum-hub serve              # run a hub\n" +
			"  brum-hub status --watch     # see how all instances are doing\n" +
			"  brum-hub logs web dev -f    # follow the output of the process dev of web\n" +
			"  brum-hub mcp --print-config claude",
		Long: "brum-hub keeps a lasting connection to every brum instance of this machine and offers\n" +
			"them to people, programs and AI tools.\n\n" +
			"INSTANCE is an instance's id, a unique prefix of its id, or its name.\n\n" + exitHelp,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("brum-hub {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().StringVar(&a.socket, "socket", defaultSocket(), "control socket of the hub (BRUM_HUB_SOCKET)")
	a.addLimitTest(root)
	root.AddGroup(
		&cobra.Group{ID: groupInstances, Title: "Instances:"},
		&cobra.Group{ID: groupHub, Title: "The hub:"},
		&cobra.Group{ID: groupProgram, Title: "This program:"})
	root.SetHelpCommandGroupID(groupProgram)
	root.SetCompletionCommandGroupID(groupProgram)
	root.AddCommand(a.serveCommand(), a.statusCommand(), a.logsCommand(), a.callCommand(), a.historyCommand(), a.callsCommand(), a.readersCommand(),
		a.openCommand(), a.connectCommand(), a.disconnectCommand(), a.mcpCommand(), a.doctorCommand(), a.logLevelCommand(), a.serviceCommand(), a.manCommand())
	return root
}

// Groups of commands, in the order of the help.
const (
	groupInstances = "instances"
	groupHub       = "hub"
	groupProgram   = "program"
)

// args checks the number of arguments.
func args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if len(got) < least || len(got) > most {
			return usagef("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// unknownCommand names what may have been meant.
func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	hint := ""
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef("no command %q%s See %s --help", name, cmp.Or(hint, "."), cmd.CommandPath())
}

// flagError names what may have been meant.
func flagError(cmd *cobra.Command, err error) error {
	return usagef("%w%s", err, slip.FlagHint(cmd.Flags(), err))
}

// newLog makes the log of a command, at the level that its flag has.
func newLog(w io.Writer, level string) (*programlog.Log, error) {
	l, err := programlog.ParseLevel(level)
	if err != nil {
		return nil, usagef("--log-level: %w", err)
	}
	return programlog.New(w, l), nil
}

// openLog opens the log of a program that goes on: where its flags say, and with a signal to
// toggle its level.
func (a *app) openLog(f *hubFlags) (log *programlog.Log, closeLog func(), err error) {
	level, err := programlog.ParseLevel(f.logLevel)
	if err != nil {
		return nil, nil, usagef("--log-level: %w", err)
	}
	if f.logFile == "" {
		log = programlog.New(a.Err, level)
		return log, log.ToggleOnSignal(), nil
	}
	file, err := programlog.Open(f.logFile)
	if err != nil {
		return nil, nil, err
	}
	log = programlog.New(file, level)
	stop := log.ToggleOnSignal()
	return log, func() { stop(); file.Close() }, nil
}

// plain makes what comes from elsewhere safe to print.
func plain(s string) string { return terminal.OneLine(s) }
