package hub

import (
	"context"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
	"github.com/standardbeagle/brum/session"
)

// check asks the application behind a client, now and then, whether it still works, until ctx
// is done. A session that is alive does not say so: a hung program has one.
func (l *link) check(ctx context.Context, c *client) {
	answers := make(chan bool, 1) // one question is under way at most
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		ask, next, changed := l.look(c)
		if ask {
			c.waiting.Go(func() { answers <- c.ping() })
		}
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(time.Until(next), 1))
		}
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
		case answered := <-answers:
			l.judge(func(h *health.Checks) {
				if answered {
					h.Answered(time.Now())
				} else {
					h.Unasked(time.Now())
				}
			})
		}
	}
}

// look shows the checks what is to be seen, and returns when to look again at the latest:
// then, or when changed is closed.
func (l *link) look(c *client) (ask bool, next time.Time, changed <-chan struct{}) {
	l.mu.Lock()
	changed = l.changed
	l.mu.Unlock()
	stats := c.session.Stats()
	s := health.Sight{
		Up:     stats.State == session.Active || stats.State == session.Stalled,
		Link:   stats.Attempt,
		Heard:  c.main.ear.lastHeard(),
		Frames: stats.ReceivedNext,
	}
	l.judge(func(h *health.Checks) {
		ask = h.Look(time.Now(), s)
		next = h.Next()
	})
	return ask, next, changed
}

// judge lets f tell the checks something, and records what follows from it.
func (l *link) judge(f func(*health.Checks)) {
	l.mu.Lock()
	f(l.checks)
	// Between other states than these two it is the session that tells.
	working := func(s api.State) bool { return s == api.Active || s == api.Stalled }
	now := l.stateLocked()
	news := now != l.recorded && working(now) && working(l.recorded)
	l.mu.Unlock()
	if news {
		l.change(api.TriggerCheck, func() {})
	}
}

// ping reports whether the application has answered, with whatever: to know no such method is an
// answer, too. It waits for as long as the connection lasts, so that nothing piles up at an
// instance which takes nothing in.
func (c *client) ping() bool {
	err := c.main.mcp.Ping(context.Background(), nil)
	_, refused := refusalIn(err)
	return err == nil || refused
}
