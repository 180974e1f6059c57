package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func (a *app) callsCommand() *cobra.Command {
	var asJSON bool
	q := api.CallsQuery{Limit: api.DefaultCalls}
	cmd := &cobra.Command{
		Use:   "calls [INSTANCE]",
		Short: "List the latest calls of tools, and what became of them",
		Long: "Lists what the hub has on disk about the calls it made, the latest last. It survives the\n" +
			"hub's end: of calls that were under way then, the next hub asks the instances. Tools of\n" +
			"brum-instance that only read (lists, status, logs) are not recorded.\n\n" +
			"Outcomes:\n" +
			"  pending    under way, or being asked for\n" +
			"  done       the tool has run\n" +
			"  failed     the tool has reported an error, or the instance has refused the call\n" +
			"  cancelled  stopped while it ran\n" +
			"  expired    came after its deadline and was not run\n" +
			"  not_run    was lost before it was run, and never will be\n" +
			"  unknown    it may have run; the instance that knew is gone",
		Example:           "  brum-hub calls\n  brum-hub calls web --limit 5\n  brum-hub calls --json",
		GroupID:           groupInstances,
		ValidArgsFunction: a.complete(nil),
		Args:              args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				q.Instance = args[0]
			}
			if q.Limit < 1 || q.Limit > api.MaxCalls {
				return usagef("--limit %d: want 1 to %d", q.Limit, api.MaxCalls)
			}
			calls, err := a.client().Calls(cmd.Context(), q)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(calls)
			}
			return printCalls(a.Out, calls, time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&q.Limit, "limit", q.Limit, "how many to list at most")
	return cmd
}

// idPrefix is how much of an id people need to tell calls apart.
const idPrefix = 8

func printCalls(w io.Writer, calls *api.Calls, now time.Time) error {
	switch calls.Ledger.State {
	case api.LedgerFailed:
		fmt.Fprintf(w, "calls are NOT RECORDED: %s\n", plain(calls.Ledger.Error))
	case api.LedgerOff:
		fmt.Fprintln(w, "calls are not recorded: the hub was started with --ledger off")
	}
	if len(calls.Calls) == 0 {
		_, err := fmt.Fprintln(w, "no calls")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CALL\tISSUED\tINSTANCE\tTOOL\tOUTCOME\tTOOK")
	for _, c := range calls.Calls {
		took := "-"
		if c.SettledAt != nil {
			took = millis(c.TookMillis)
		}
		fmt.Fprintf(t, "%s\t%s ago\t%s\t%s\t%s\t%s\n", c.ID[:min(len(c.ID), idPrefix)], age(now.Sub(c.IssuedAt)),
			plain(c.Name), plain(c.Tool), c.Outcome, took)
	}
	return t.Flush()
}
