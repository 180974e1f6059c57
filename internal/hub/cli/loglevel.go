package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/programlog"
)

func (a *app) logLevelCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "log-level [LEVEL]",
		Short:             "Tell how much the hub logs, or change it while it runs",
		Long:              "Levels are debug, info, warn and error. A change lasts as long as the hub.",
		Example:           "  brum-hub log-level debug",
		GroupID:           groupHub,
		Args:              args(0, 1),
		ValidArgsFunction: cobra.FixedCompletions(programlog.Levels, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				l, err := a.client().LogLevel(cmd.Context())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.Out, plain(l.Level))
				return err
			}
			_, err := a.client().SetLogLevel(cmd.Context(), args[0])
			return err
		},
	}
}
