package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/doctor"
	"github.com/standardbeagle/brum/power"
)

// watchMachine prints what happens until it is interrupted.
func (a *app) watchMachine(ctx context.Context, monitor *power.Monitor, asJSON bool) error {
	failed := false
	err := doctor.Watch(ctx, monitor, a.client(), func(e doctor.Entry) error {
		failed = failed || e.Verdict != nil && e.Verdict.Outcome == doctor.Fail
		if asJSON {
			return json.NewEncoder(a.Out).Encode(e)
		}
		_, err := fmt.Fprintf(a.Out, "%s  %s\n", e.At.Local().Format("15:04:05.000"), plain(entryLine(e)))
		return err
	})
	if err == nil && failed {
		return errUnhealthy
	}
	return err
}

func entryLine(e doctor.Entry) string {
	switch {
	case e.Event != nil:
		return eventLine(e.Event)
	case e.Session != nil:
		_, about, _ := strings.Cut(changeLine(e.Session.Change), "  ") // without the time
		return fmt.Sprintf("session  %s (%s): %s", e.Session.Name, e.Session.ID, about)
	case e.Hub != nil && e.Hub.Running:
		return fmt.Sprintf("hub  process %d", e.Hub.PID)
	case e.Hub != nil:
		return "hub  " + e.Hub.Error
	case e.Verdict != nil:
		return verdictLine(e.Verdict)
	default:
		panic("BUG: an entry that tells nothing")
	}
}

func eventLine(e *doctor.Event) string {
	line := fmt.Sprintf("%s  told by %s", e.Kind, e.Source)
	switch {
	case e.SleptMillis > 0:
		line += ", slept " + millis(e.SleptMillis)
	case e.Kind == power.Resume.String():
		line += ", slept for an unknown time"
	}
	if e.Inferred {
		line += " (inferred from a jump of the wall clock)"
	}
	if e.Network != nil {
		line += networkLine(e.Network)
	}
	return line
}

func networkLine(n *doctor.NetChange) string {
	line := ": offline"
	if n.Online {
		line = ": online"
	}
	for _, p := range n.Added {
		line += " +" + p
	}
	for _, p := range n.Removed {
		line += " -" + p
	}
	if n.RouteChanged {
		line += fmt.Sprintf("; default routes now IPv4 %s, IPv6 %s", n.Route4, n.Route6)
	}
	return line
}

func verdictLine(v *doctor.Verdict) string {
	slept := "slept for an unknown time"
	if v.SleptMillis > 0 {
		slept = "slept " + (time.Duration(v.SleptMillis) * time.Millisecond).Round(time.Second/10).String()
	}
	line := fmt.Sprintf("%s  %s", v.Outcome, slept)
	if v.Sessions > 0 {
		line += fmt.Sprintf("; of %d sessions %d confirmed, %d resumed, the last after %s", v.Sessions, v.Confirmed, v.Resumed, millis(v.Millis))
	}
	if v.Why != "" {
		line += "; " + v.Why
	}
	if len(v.Late) > 0 {
		line += ": " + strings.Join(v.Late, " ")
	}
	return line
}

var _ doctor.Client = api.Backend(nil)
