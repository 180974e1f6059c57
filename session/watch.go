package session

import (
	"context"
	"iter"
	"log/slog"
	"time"
)

// watcherQueue is how many changes may wait for a watcher.
const watcherQueue = 256

type watcher struct{ changes chan Change }

// Watch yields the changes of state from now on, until ctx is done or the session has
// ended; the change to Closed is the last. A watcher that is more than 256 changes behind
// loses the oldest of them.
func (s *Session) Watch(ctx context.Context) iter.Seq[Change] {
	w := &watcher{make(chan Change, watcherQueue)}
	s.mu.Lock()
	over := s.over
	if !over {
		if s.watchers == nil {
			s.watchers = make(map[*watcher]struct{})
		}
		s.watchers[w] = struct{}{}
	}
	s.mu.Unlock()

	return func(yield func(Change) bool) {
		defer func() {
			s.mu.Lock()
			delete(s.watchers, w)
			s.mu.Unlock()
		}()
		for !over {
			select {
			case ch := <-w.changes:
				if !yield(ch) || ch.To == Closed {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// WaitActive blocks until the session has a link, or returns why it never will.
func (s *Session) WaitActive(ctx context.Context) error {
	for {
		s.mu.Lock()
		state, err := s.core.published, s.core.end.err
		if s.state == nil {
			s.state = make(chan struct{})
		}
		changed := s.state
		s.mu.Unlock()
		switch {
		case state.Linked():
			return nil
		case state == Closed:
			return err
		case state == Closing:
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// takeChanges hands the core's changes of state to everyone who wants to know and returns
// them for the log. mu is held.
func (s *Session) takeChanges() []Change {
	changes := s.core.changes
	if len(changes) == 0 {
		return nil
	}
	s.core.changes = nil
	for _, ch := range changes {
		s.note(ch)
		for w := range s.watchers {
			w.offer(ch)
		}
	}
	if s.state != nil {
		close(s.state)
		s.state = nil
	}
	return changes
}

func (w *watcher) offer(ch Change) {
	for {
		select {
		case w.changes <- ch:
			return
		default:
		}
		select {
		case <-w.changes:
		default:
		}
	}
}

// note keeps what Stats will tell of a change. mu is held.
func (s *Session) note(ch Change) {
	s.record.count(ch.From, ch.At)
	s.record.since = ch.At
	if ch.Err != nil {
		s.record.lastErr = ch.Err
	}
	switch {
	case ch.To.Linked() && !ch.From.Linked():
		s.record.connectedSince = ch.At
		if ch.Outage > 0 || ch.From != Connecting {
			s.record.lastResume = &ch
		}
	case !ch.To.Linked():
		s.record.connectedSince = time.Time{}
	}
}

func (s *Session) logChange(ch Change) {
	if !s.cfg.Logger.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{
		slog.String("session", s.id.String()),
		slog.String("from", ch.From.String()),
		slog.String("to", ch.To.String()),
		slog.String("trigger", ch.Trigger.String()),
		slog.Uint64("attempt", ch.Attempt),
	}
	if ch.Outage > 0 {
		attrs = append(attrs, slog.Duration("outage", ch.Outage), slog.Duration("resume", ch.Resume),
			slog.Uint64("replayed", ch.Replayed))
	}
	if ch.Err != nil {
		attrs = append(attrs, slog.String("error", ch.Err.Error()))
	}
	s.cfg.Logger.LogAttrs(context.Background(), slog.LevelInfo, "session state", attrs...)
}
