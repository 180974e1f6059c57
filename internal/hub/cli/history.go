package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func (a *app) historyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history INSTANCE",
		Short: "Tell how an instance's connection fared, and why it changed",
		Long: "Lists the changes of the connection, oldest first, and under each return why the connection\n" +
			"was lost and how it came back. The list outlives the hub, and the instance: one that is gone\n" +
			"is named by its id, the beginning of that, or its name.",
		Example:           "  brum-hub history web",
		GroupID:           groupInstances,
		ValidArgsFunction: a.complete(nil),
		Args:              args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := a.client().History(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.Out).Encode(h)
			}
			return printHistory(a.Out, h)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printHistory(w io.Writer, h *api.History) error {
	out := bufio.NewWriter(w)
	if h.Dropped > 0 {
		fmt.Fprintf(out, "(%d earlier changes are forgotten)\n", h.Dropped)
	}
	for _, c := range h.Changes {
		fmt.Fprintln(out, changeLine(c))
		if c.Reconnect != nil {
			fmt.Fprintln(out, "    "+plain(c.Why))
		}
	}
	return out.Flush()
}

func changeLine(c api.Change) string {
	line := fmt.Sprintf("%s  %s → %s", c.At.Local().Format("2006-01-02 15:04:05.000"), c.From, c.To)
	var about []string
	if c.Trigger != "" {
		about = append(about, c.Trigger)
	}
	if c.OutageMillis > 0 {
		about = append(about, "outage "+millis(c.OutageMillis))
	}
	if c.ResumeMillis > 0 {
		about = append(about, "resumed in "+millis(c.ResumeMillis))
	}
	if c.Epoch > 0 {
		about = append(about, fmt.Sprintf("epoch %d", c.Epoch))
	}
	if len(about) > 0 {
		line += "  (" + strings.Join(about, ", ") + ")"
	}
	if c.Error != "" {
		line += "  " + plain(c.Error)
	}
	return line
}

// millis prints milliseconds as people read durations.
func millis(ms float64) string { return api.Duration(ms) }
