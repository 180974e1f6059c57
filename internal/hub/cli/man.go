package cli

import (
	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/manpage"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "man",
		Short:             "Print the manual page",
		Example:           "  brum-hub man > ~/.local/share/man/man1/brum-hub.1",
		GroupID:           groupProgram,
		Args:              args(0, 0),
		ValidArgsFunction: noArguments,
		RunE:              func(cmd *cobra.Command, _ []string) error { return manpage.Write(a.Out, cmd.Root()) },
	}
}
