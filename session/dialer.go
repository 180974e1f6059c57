package session

import (
	"context"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// startAttempt makes one attempt to connect, beside those that are under way. mu is held.
func (s *Session) startAttempt(now time.Time) {
	if len(s.attempts) >= maxAttempts {
		s.cancelOldest()
	}
	n, request, timeout := s.core.beginAttempt(now)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	s.attempts[n] = cancel
	s.core.tell(Event{Kind: EventDial, At: now})
	s.wg.Go(func() {
		defer cancel()
		s.attempt(ctx, n, request, now)
	})
}

func (s *Session) cancelOldest() {
	oldest := ^uint64(0)
	for n := range s.attempts {
		oldest = min(oldest, n)
	}
	s.attempts[oldest]()
	delete(s.attempts, oldest)
}

func (s *Session) attempt(ctx context.Context, n uint64, request []byte, began time.Time) {
	conn, reply, err := s.dial(ctx, request)
	now := time.Now()
	s.mu.Lock()
	if err == nil {
		err = s.core.adopt(now, n, request, reply)
	}
	if err == nil && conn == nil {
		err = errors.New("session: DialFunc returned neither connection nor refusal")
		s.core.abort(now, ReasonProtocol, err)
	}
	_, wanted := s.attempts[n]
	delete(s.attempts, n)
	if err == nil {
		s.linked(now, n, conn, began)
		s.unlock(now)
		return
	}
	if s.core.link == linkUp {
		s.core.renewal = renewal{} // the link is as good as the probe says
	}
	// An attempt that was given up on purpose says nothing about the path.
	if wanted && s.core.link != linkUp && s.core.phase != phaseEnded {
		s.core.tell(Event{Kind: EventDialFailed, At: now, Attempt: now.Sub(began), Err: err})
		s.attemptFailed(now, err)
	}
	s.unlock(now)
	if conn != nil {
		conn.Close()
	}
}

// linked replaces whatever link there was by conn. mu is held.
func (s *Session) linked(now time.Time, n uint64, conn Conn, began time.Time) {
	if s.link != nil {
		s.dropLink(nil)
	}
	for m, cancel := range s.attempts {
		cancel()
		delete(s.attempts, m)
	}
	if k := len(s.core.changes); k > 0 {
		s.core.changes[k-1].Resume = now.Sub(began)
	}
	if k := len(s.core.events); k > 0 { // the last one is that of the link
		s.core.events[k-1].Attempt = now.Sub(began)
	}
	s.startLink(n, conn)
}

func (s *Session) attemptFailed(now time.Time, err error) {
	s.record.lastErr = err
	permanent := !errors.IsTemporary(err)
	if permanent && !s.core.everLinked {
		reason := ReasonRefused
		if errors.Is(err, ErrUnauthorized) {
			reason = ReasonUnauthorized
		}
		s.core.lose(now, reason, err)
		return
	}
	s.core.redial.failed(now, min(errors.RetryAfter(err), calmMax), permanent)
}
