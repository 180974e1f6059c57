package hub

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
)

const noSession = "offers no session, and there is no other way to it"

// reached says how, as status tells it: what there is no way to would need HTTP.
func (l *link) reachedLocked() string {
	return cmp.Or(l.hub.transportOf(l.found), api.TransportHTTP)
}

// change applies f to the record and draws the consequences. It is the only way to write
// to the record.
func (l *link) change(trigger string, f func()) {
	l.changeRecorded(func() (api.Change, session.Change) { f(); return api.Change{Trigger: trigger}, session.Change{} })
}

// sessionChanged takes in what the current session's watcher tells.
func (l *link) sessionChanged(ch session.Change) {
	if ch.To == session.Closing || ch.From == session.Closing {
		// This side ends the session; finish tells why.
		l.mu.Lock()
		l.wakeLocked()
		l.mu.Unlock()
		return
	}
	l.changeRecorded(func() (api.Change, session.Change) {
		if l.current != nil {
			l.trace.change(ch, l.current.conn())
		}
		if ch.Err != nil && !errors.Is(ch.Err, session.ErrClosed) {
			l.lastErr = ch.Err
		}
		if ch.To == session.Active && ch.From != session.Connecting && l.client != nil {
			l.lastErr = nil
		}
		out := api.Change{
			Trigger:      ch.Trigger.String(),
			OutageMillis: api.Millis(ch.Outage),
			ResumeMillis: api.Millis(ch.Resume),
			Epoch:        ch.Attempt,
			Error:        errorText(ch.Err),
			Duplicates:   ch.Duplicates,
		}
		return out, ch
	})
}

// changeRecorded applies f, which returns what it knows of the change, and enters it into
// the history if the state is another one now. What the status shows follows later, perhaps.
func (l *link) changeRecorded(f func() (api.Change, session.Change)) {
	now := time.Now()
	l.mu.Lock()
	c, of := f()
	l.wakeLocked()

	c.At, c.From, c.To = now, l.recorded, l.stateLocked()
	differs := c.From != c.To
	if differs {
		l.recorded = c.To
		l.completeLocked(&c, of)
		l.hub.past.Add(l.id, l.found.Name, c)
	}
	l.showLocked(now, c.To)
	l.mu.Unlock()

	if differs {
		l.log.Info("state", "from", c.From, "to", c.To, "trigger", c.Trigger, "session", c.SessionID, "epoch", c.Epoch,
			"outage_ms", c.OutageMillis, "resume_ms", c.ResumeMillis, "error", c.Error)
	}
	l.hub.changes.statusChanged()
}

// wakeLocked wakes whoever waits for the record to change.
func (l *link) wakeLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// completeLocked adds what the record knows: the session, and the outage that may span two.
// of is the session's change behind it, if there is one.
func (l *link) completeLocked(c *api.Change, of session.Change) {
	if l.current != nil {
		stats := l.current.Stats()
		c.SessionID = idText(l.current.ID())
		if c.Epoch == 0 {
			c.Epoch = stats.Attempt
		}
		c.Duplicates = max(c.Duplicates, stats.Duplicates)
	}
	if c.Error == "" && c.To != api.Active && c.To != api.Stopped {
		c.Error = errorText(l.lastErr)
	}
	l.trace.complete(c, of)
}

func linked(s api.State) bool { return s == api.Active || s == api.Suspect || s == api.Stalled }

// stateLocked derives the state; what people see of it is damped, see showLocked.
func (l *link) stateLocked() api.State {
	pending := api.Connecting
	if l.wasActive || l.lastErr != nil {
		pending = api.Retrying
	}
	switch {
	case l.hub.transportOf(l.found) == "":
		return api.Discovered
	case l.stopped:
		return api.Stopped
	case l.current == nil:
		return pending
	}
	s := l.current.State()
	if s.Linked() && l.client == nil {
		return pending // of what use is a link nobody can call over
	}
	switch s {
	case session.Connecting:
		return pending
	case session.Active:
		if l.checks != nil && l.checks.Stalled() {
			return api.Stalled
		}
		return api.Active
	case session.Suspect:
		return api.Suspect
	case session.Stalled:
		// That something was taken in is told with a heartbeat; an answer proves it at once.
		if l.checks != nil && !l.checks.Stalled() && l.checks.LastAnswer().After(l.current.Stats().Since) {
			return api.Active
		}
		return api.Stalled
	case session.Retrying, session.Detached, session.Closing, session.Closed:
		return api.Retrying
	default:
		panic("BUG: unhandled session state " + s.String())
	}
}

// status is a snapshot for people.
func (l *link) status(now time.Time) api.Instance {
	l.mu.Lock()
	raw := l.stateLocked()
	s := api.Instance{
		ID:            l.id,
		Name:          l.found.Name,
		Directory:     l.found.Directory,
		RawState:      raw,
		State:         l.showLocked(now, raw),
		RecentLosses:  l.view.damper.Losses(now),
		Unsteady:      l.view.damper.Unsteady(now),
		Health:        l.healthLocked(now),
		Transport:     l.reachedLocked(),
		NextAttemptAt: timeOrNil(l.nextTry),
		LastError:     errorText(l.lastErr),
	}
	if l.hub.transportOf(l.found) == "" {
		s.LastError = noSession
	}
	current := l.current
	l.mu.Unlock()
	if current == nil {
		return s
	}

	stats := current.Stats()
	s.Unavailable = current.lacks()
	s.SessionID = idText(stats.ID)
	s.Epoch = stats.Attempt
	s.Breaker, s.Held = stats.Breaker.String(), heldName(stats.Held)
	s.ConnectedSince = timeOrNil(stats.ConnectedSince)
	if s.ConnectedSince != nil {
		s.UptimeSeconds = max(0, now.Sub(stats.ConnectedSince).Seconds())
	}
	s.Resumes = stats.Resumes
	if r := stats.LastResume; r != nil {
		s.LastResume = &api.Resume{
			Trigger:      r.Trigger.String(),
			OutageMillis: api.Millis(r.Outage),
			ResumeMillis: api.Millis(r.Resume),
			At:           r.At,
		}
	}
	if s.NextAttemptAt == nil {
		s.NextAttemptAt = timeOrNil(stats.NextAttemptAt)
	}
	s.LastHeardAt = timeOrNil(stats.LastHeard)
	if s.LastError == "" && !linked(s.State) {
		s.LastError = errorText(stats.LastError)
	}
	s.RTTMillis = api.Millis(stats.RTT)
	s.UnackedMessages, s.UnackedBytes = stats.UnackedMessages, stats.UnackedBytes
	return s
}

func (l *link) changesSoFar() *api.History {
	l.mu.Lock()
	name, current := l.found.Name, l.current
	l.mu.Unlock()
	h := &api.History{ID: l.id, Name: name}
	h.Changes, h.Dropped = l.hub.past.Of(l.id)
	var session string
	var duplicates uint64
	if current != nil {
		session, duplicates = current.ID().String(), current.Stats().Duplicates
	}
	api.Tell(h.Changes, session, duplicates, time.Local)
	return h
}

// idText is "" where there is no session.
func idText(id session.ID) string {
	if id == (session.ID{}) {
		return ""
	}
	return id.String()
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// maxErrorText bounds what an error, which may quote a peer, takes of a status.
const maxErrorText = 500

func errorText(err error) string {
	if err == nil {
		return ""
	}
	s := strings.ReplaceAll(err.Error(), "\n", "; ")
	return strings.ToValidUTF8(s[:min(len(s), maxErrorText)], "")
}

// isOurWish reports whether a session ended because this side wanted it to.
func isOurWish(err error) bool {
	return errors.Is(err, errStopped) || errors.Is(err, errRestarted) || errors.Is(err, errGone) ||
		errors.Is(err, errShuttingDown) || errors.Is(err, context.Canceled)
}

func triggerOf(err error) string {
	switch {
	case errors.Is(err, errStopped):
		return api.TriggerUser
	case errors.Is(err, errRestarted), errors.Is(err, errGone):
		return api.TriggerAnnounced
	case errors.Is(err, errShuttingDown):
		return api.TriggerShutdown
	}
	return api.TriggerError
}
