package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/terminal"
)

func (a *app) statusCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell how the hub and its instances are doing",
		Long: "States of an instance (a loss shows when it has lasted for some seconds; history has them all):\n" +
			"  discovered  found, but there is no way to it\n" +
			"  connecting  being reached for the first time\n" +
			"  active      all is well\n" +
			"  suspect     silent; being asked whether it is still there\n" +
			"  retrying    the connection is lost and being restored; calls wait\n" +
			"  stalled     it can be reached, but its program takes nothing in or answers nothing\n" +
			"  stopped     disconnected by you, see connect",
		Example:           "  brum-hub status\n  brum-hub status --watch\n  brum-hub status --json",
		GroupID:           groupHub,
		ValidArgsFunction: noArguments,
		Args:              args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if watch {
				return a.watch(cmd.Context(), asJSON)
			}
			s, err := a.client().Status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(a.Out)
				e.SetIndent("", "  ")
				return e.Encode(s)
			}
			return printStatus(a.Out, s, time.Now(), terminal.PaletteFor(a.Out))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on, and tell of changes (with --json one status a line)")
	return cmd
}

func printStatus(w io.Writer, s *api.Status, now time.Time, p terminal.Palette) error {
	where := "no HTTP"
	if s.Hub.HTTP != "" {
		where = s.Hub.HTTP
	}
	fmt.Fprintf(w, "hub: process %d, up %s, %s\n", s.Hub.PID, age(now.Sub(s.Hub.StartedAt)), where)
	if s.Hub.Ledger.State == api.LedgerFailed {
		fmt.Fprintf(w, "calls are NOT RECORDED: %s\n", plain(s.Hub.Ledger.Error))
	}
	if s.Hub.Networking == api.NetworkingHTTP {
		fmt.Fprintln(w, "sessions are OFF (--robust-networking=false): instances are reached over HTTP")
	}
	if len(s.Instances) == 0 {
		_, err := fmt.Fprintln(w, "no instances: start one with brum-instance")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\t"+p.Paint(terminal.Plain, "STATE")+"\tFOR\tRTT\tRESUMES\tID\tDIRECTORY\tNOTE")
	for _, i := range s.Instances {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", plain(i.Name), p.Paint(colourOf(i.State), string(i.State)), connected(i), rtt(i),
			i.Resumes, plain(i.ID), plain(i.Directory), plain(note(i, now)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printUnavailable(w, s.Instances)
}

// printUnavailable tells what can't be done over HTTP, once for all instances that lack the same.
func printUnavailable(w io.Writer, instances []api.Instance) error {
	var of []string // what is lacking, in order of appearance
	names := make(map[string][]string)
	for _, i := range instances {
		if len(i.Unavailable) == 0 {
			continue
		}
		lacking := strings.Join(i.Unavailable, "; ")
		if names[lacking] == nil {
			of = append(of, lacking)
		}
		names[lacking] = append(names[lacking], i.Name)
	}
	for _, lacking := range of {
		if _, err := fmt.Fprintf(w, "over HTTP: %s: %s\n", plain(strings.Join(names[lacking], ", ")), plain(lacking)); err != nil {
			return err
		}
	}
	return nil
}

// colourOf is how a state is painted: green for what is well, yellow for what passes by
// itself, red for what does not.
func colourOf(s api.State) terminal.Colour {
	switch s {
	case api.Active:
		return terminal.Green
	case api.Connecting, api.Suspect, api.Retrying:
		return terminal.Yellow
	case api.Stalled:
		return terminal.Red
	case api.Discovered, api.Stopped:
		return terminal.Blue
	}
	return terminal.Plain
}

func connected(i api.Instance) string {
	if i.ConnectedSince == nil {
		return "-"
	}
	return age(time.Duration(i.UptimeSeconds * float64(time.Second)))
}

func rtt(i api.Instance) string {
	if i.RTTMillis == 0 {
		return "-"
	}
	return millis(i.RTTMillis)
}

// note is the one thing about an instance that is most worth knowing.
func note(i api.Instance, now time.Time) string {
	text := i.LastError
	switch {
	case i.State == api.Stopped:
		return "disconnected; brum-hub connect " + i.ID
	case i.Held != "" && i.State != api.Active:
		return strings.TrimSpace(text + " (" + i.Held + ": checks are paused)")
	case i.NextAttemptAt != nil && i.NextAttemptAt.After(now):
		text += fmt.Sprintf(" (%snext attempt in %s)", breaker(i), millis(api.Millis(i.NextAttemptAt.Sub(now))))
	case i.State == api.Stalled && i.Health != nil && i.Health.Failures > 0:
		text += fmt.Sprintf(" (has said nothing for %s)", age(time.Duration(i.Health.SilentMillis*float64(time.Millisecond))))
	case i.UnackedMessages > 0 && i.State != api.Active:
		text += fmt.Sprintf(" (%d messages wait)", i.UnackedMessages)
	case i.Unsteady:
		text += fmt.Sprintf(" (unsteady: lost %d times in 2 minutes)", i.RecentLosses)
	case text == "" && i.LastResume != nil:
		text = fmt.Sprintf("last resume %s ago after %s (%s)", age(now.Sub(i.LastResume.At)),
			millis(i.LastResume.OutageMillis), i.LastResume.Trigger)
	}
	return strings.TrimSpace(text)
}

// breaker says that attempts are few, if they are.
func breaker(i api.Instance) string {
	if i.Breaker == "" || i.Breaker == api.BreakerClosed {
		return ""
	}
	return "breaker " + i.Breaker + ", "
}

// age prints a duration roughly.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 2*day:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d/day))
}
