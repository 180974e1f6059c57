package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) connectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "connect INSTANCE",
		Short: "Connect an instance that was disconnected, or try one again at once",
		Long: "Instances are connected by themselves, and again after every outage. This undoes a\n" +
			"disconnect, or tries at once instead of at the next time. It waits up to 30 s.",
		Example:           "  brum-hub connect web",
		GroupID:           groupInstances,
		ValidArgsFunction: a.complete(nil),
		Args:              args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			stop := a.tellWaiting(cmd.Context(), args[0])
			i, err := a.client().Connect(cmd.Context(), args[0])
			stop()
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%s (%s) is %s\n", plain(i.Name), plain(i.ID), i.State)
			return nil
		},
	}
}

func (a *app) disconnectCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "disconnect INSTANCE",
		Short:             "Leave an instance alone until connect; its processes go on",
		Example:           "  brum-hub disconnect web",
		GroupID:           groupInstances,
		ValidArgsFunction: a.complete(nil),
		Args:              args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := a.client().Disconnect(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%s (%s) is %s\n", plain(i.Name), plain(i.ID), i.State)
			return nil
		},
	}
}
