package hub

import (
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
)

// showLocked returns the state that people see, and arranges for them to be told when that
// becomes another without anything happening.
func (l *link) showLocked(now time.Time, raw api.State) api.State {
	if l.current != nil {
		if heard := l.current.Stats().LastHeard; !heard.IsZero() {
			l.heard = heard
		}
	}
	shown, next := l.damper.Look(now, raw, l.heard.Add(l.hub.cfg.Window))
	switch {
	case next.IsZero():
		if l.again != nil {
			l.again.Stop()
		}
	case l.again == nil:
		l.again = time.AfterFunc(max(next.Sub(now), 1), l.hub.changes.statusChanged)
	default:
		l.again.Reset(max(next.Sub(now), 1))
	}
	return shown
}

func (l *link) stopShowing() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.again != nil {
		l.again.Stop()
	}
}

// healthLocked is what people see of the checks.
func (l *link) healthLocked(now time.Time) *api.Health {
	c := l.checks
	if c == nil {
		return nil
	}
	h := &api.Health{
		Quality:        c.Quality(),
		Checks:         api.ChecksRunning,
		IntervalMillis: api.Millis(c.Interval()),
		AnswerMillis:   api.Millis(c.Answer()),
		Failures:       c.Failures(),
		SilentMillis:   api.Millis(now.Sub(c.Silent())),
	}
	if c.Next().IsZero() {
		h.Checks = api.ChecksPaused
	}
	return h
}

func heldName(why session.Trigger) string {
	switch why {
	case session.TriggerNone:
		return ""
	case session.TriggerWake:
		return api.HeldAsleep
	default:
		return api.HeldOffline
	}
}
