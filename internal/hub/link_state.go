package hub

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
)

const noSession = "offers no session: this instance speaks only HTTP, which this hub does not use"

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
			l.trace.change(ch, l.current.Conn())
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
// the history if the state that people see is another one now.
func (l *link) changeRecorded(f func() (api.Change, session.Change)) {
	now := time.Now()
	l.mu.Lock()
	c, of := f()
	l.wakeLocked()

	c.At, c.From, c.To = now, l.shown, l.stateLocked()
	visible := c.From != c.To
	if visible {
		l.shown = c.To
		l.completeLocked(&c, of)
		l.hub.past.Add(l.id, l.found.Name, c)
	}
	l.mu.Unlock()

	if visible {
		l.log.Info("state", "from", c.From, "to", c.To, "trigger", c.Trigger, "error", c.Error)
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
		c.SessionID = l.current.ID().String()
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

// stateLocked derives the state that people see.
func (l *link) stateLocked() api.State {
	pending := api.Connecting
	if l.wasActive || l.lastErr != nil {
		pending = api.Retrying
	}
	switch {
	case l.found.SessionURL == "":
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
		return api.Active
	case session.Suspect:
		return api.Suspect
	case session.Stalled:
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
	s := api.Instance{
		ID:            l.id,
		Name:          l.found.Name,
		Directory:     l.found.Directory,
		State:         l.stateLocked(),
		Transport:     api.TransportSession,
		NextAttemptAt: timeOrNil(l.nextTry),
		LastError:     errorText(l.lastErr),
	}
	if l.found.SessionURL == "" {
		s.Transport, s.LastError = api.TransportHTTP, noSession
	}
	current := l.current
	l.mu.Unlock()
	if current == nil {
		return s
	}

	stats := current.Stats()
	s.SessionID = stats.ID.String()
	s.Epoch = stats.Attempt
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
