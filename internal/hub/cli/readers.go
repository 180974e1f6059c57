package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) readersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "readers",
		Short: "List the named readers of logs, and forget them",
		Long: "A reader is made by brum-hub logs --as NAME. Its position is what that command has printed,\n" +
			"and is kept on disk.",
		Example:           "  brum-hub logs web dev -f --as archive\n  brum-hub readers\n  brum-hub readers forget archive",
		GroupID:           groupInstances,
		ValidArgsFunction: noArguments,
		Args:              args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := a.client().Readers(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(list)
			}
			if len(list.Readers) == 0 {
				_, err := fmt.Fprintln(a.Out, "no readers")
				return err
			}
			t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tINSTANCE\tPROCESS\tLINES\tREAD")
			for _, r := range list.Readers {
				fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s ago\n", plain(r.Name), plain(r.InstanceName),
					plain(cmp.Or(r.Process, "all")), r.Lines, age(time.Since(r.At)))
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(&cobra.Command{
		Use:               "forget NAME",
		Short:             "Forget how far a reader has got",
		Example:           "  brum-hub readers forget archive",
		ValidArgsFunction: a.readerNames,
		Args:              args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.client().ForgetReader(cmd.Context(), args[0])
		},
	})
	return cmd
}
