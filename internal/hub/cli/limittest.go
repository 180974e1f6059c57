package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/limitcheck"
)

// errLimits: which limits do not hold was printed already.
var errLimits = errors.New("a limit does not hold")

// addLimitTest gives the root command the flag by which the limits are tried.
func (a *app) addLimitTest(root *cobra.Command) {
	var wanted, asJSON bool
	var f limitFlags
	f.register(root)
	root.Flags().BoolVar(&wanted, "test-resource-limits", false,
		"try for a few seconds, over loopback, whether limits hold on this machine; exits with 10 if one does not")
	root.Flags().BoolVar(&asJSON, "json", false, "with --test-resource-limits: print JSON")
	otherwise := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if wanted {
			return a.testLimits(cmd.Context(), f, asJSON)
		}
		if asJSON || f != (limitFlags{}) {
			return usagef("--json, --max-connections and --memory-limit belong to a command or to --test-resource-limits")
		}
		return otherwise(cmd, args)
	}
}

func (a *app) testLimits(ctx context.Context, f limitFlags, asJSON bool) error {
	connections, memory, err := f.parse()
	if err != nil {
		return err
	}
	report := limitcheck.Run(ctx, limitcheck.Options{Connections: connections, Memory: memory})
	if err := ctx.Err(); err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(a.Out)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = printLimits(a.Out, report)
	}
	if err == nil && !report.OK {
		return errLimits
	}
	return err
}

func printLimits(w io.Writer, r *limitcheck.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROW\tVERDICT\tWHAT\tFOUND\tLIMIT")
	count := make(map[limitcheck.Verdict]int)
	for _, row := range r.Rows {
		count[row.Verdict]++
		fmt.Fprintf(t, "%s\t%v\t%s\t%s\t%s\n", row.Row, row.Verdict, row.What, plain(row.Found), row.Limit)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d passed, %d failed, %d can't be tried here\n", count[limitcheck.Pass], count[limitcheck.Fail], count[limitcheck.None])
	return err
}
