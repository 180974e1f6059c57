package hub

import (
	"cmp"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
	"github.com/standardbeagle/brum/session"
)

// view is what people see of a link in its status. The history shows all.
type view struct {
	damper health.Damper
	heard  time.Time   // when anything last arrived, over any session
	again  *time.Timer // for the damper; nil before its first wish
}

// showLocked returns the state that people see, and arranges for them to be told when that
// becomes another without anything happening.
func (l *link) showLocked(now time.Time, raw api.State) api.State {
	v := &l.view
	if l.current != nil {
		if heard := l.current.Stats().LastHeard; !heard.IsZero() {
			v.heard = heard
		}
	}
	shown, next := v.damper.Look(now, raw, v.heard.Add(cmp.Or(l.hub.cfg.Window, session.DefaultWindow)))
	switch {
	case next.IsZero():
		v.stop()
	case v.again == nil:
		v.again = time.AfterFunc(max(next.Sub(now), 1), l.hub.changes.statusChanged)
	default:
		v.again.Reset(max(next.Sub(now), 1))
	}
	return shown
}

func (v *view) stop() {
	if v.again != nil {
		v.again.Stop()
	}
}

func (l *link) stopShowing() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.view.stop()
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
