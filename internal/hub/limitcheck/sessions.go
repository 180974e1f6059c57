package limitcheck

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

// most is how many connections are opened: enough to see that they are counted.
const most = 256

// checkSessions: one session more than there may be is refused and told when to come back, and
// gets in when another has ended.
func checkSessions(ctx context.Context, o Options, p parts) Row {
	n := min(o.Connections, most)
	row := Row{Row: "K1", What: "one session more than there may be", Limit: fmt.Sprintf("%d sessions; the next one waits until one ends", n)}
	x, err := open(p, n, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		return row.fail("%v", err)
	}
	defer x.end()
	for i := range n {
		if _, _, err := x.enter(ctx, nil); err != nil {
			return row.fail("session %d of %d does not get in: %v", i+1, n, err)
		}
	}
	last, err := x.begin(nil)
	if err != nil {
		return row.fail("%v", err)
	}
	until(ctx, func() bool { return last.Stats().LastError != nil || last.State() == session.Active })
	told := last.Stats().LastError
	after := errors.RetryAfter(told)
	switch {
	case last.State() == session.Active:
		return row.fail("session %d got in", n+1)
	case !errors.Is(told, session.ErrLimit) || after <= 0:
		return row.fail("session %d was not refused, but told: %v", n+1, told)
	}
	if err := x.dialled()[0].Close(ctx); err != nil {
		return row.fail("a session does not end: %v", err)
	}
	last.Nudge(session.TriggerManual) // rather than wait
	if err := last.WaitActive(ctx); err != nil {
		return row.fail("when one has ended, session %d does not get in: %v", n+1, err)
	}
	return row.pass("%d got in; the next was told to come back after %v, and got in when one had ended", n, after)
}
