package hub

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
)

// seatAfter is when those who ask for a connection that can't be had are told to come back. The
// link itself waits in line.
const seatAfter = 5 * time.Second

// seats are the connections to instances that a hub may hold. Who finds none stands in line.
type seats struct {
	max int

	mu sync.Mutex
	// guards following
	taken   int
	refused int64
	line    []chan struct{} // each is closed when its owner has got a seat
}

// take returns nil if the caller has a seat now, or else its place in line.
func (s *seats) take() (turn chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken < s.max {
		s.taken++
		return nil
	}
	s.refused++
	turn = make(chan struct{})
	s.line = append(s.line, turn)
	return turn
}

// free gives a seat to the next in line.
func (s *seats) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.line) == 0 {
		s.taken--
		return
	}
	close(s.line[0])
	s.line = slices.Delete(s.line, 0, 1)
}

// leave gives up a place in line, or the seat that was got meanwhile.
func (s *seats) leave(turn chan struct{}) {
	s.mu.Lock()
	i := slices.Index(s.line, turn)
	if i >= 0 {
		s.line = slices.Delete(s.line, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 {
		s.free()
	}
}

func (s *seats) usage() api.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return api.Usage{Used: int64(s.taken), Limit: int64(s.max), Refused: s.refused}
}

func (s *seats) full() *limits.FullError {
	return &limits.FullError{
		What: "connections to instances", Limit: fmt.Sprint(s.max), After: seatAfter,
		Way: "raise serve --" + limits.ConnectionsFlag + ", or disconnect another instance",
	}
}

// sit waits for a seat. It gives up when something else is wanted by then, or nothing.
func (l *link) sit(found Found) bool {
	seats := &l.hub.seats
	turn := seats.take()
	if turn == nil {
		return true
	}
	full := seats.full()
	l.change(api.TriggerError, func() { l.lastErr, l.noSeat = full, full })
	l.log.Warn("not connected", "error", full)
	l.hub.settled.tried(l)
	got := l.awaitTurn(found, turn)
	if !got {
		seats.leave(turn)
	}
	l.change(api.TriggerStart, func() { l.lastErr, l.noSeat = nil, nil })
	return got
}

func (l *link) awaitTurn(found Found, turn <-chan struct{}) bool {
	for {
		l.mu.Lock()
		other := l.stopped || l.found.Life != found.Life || l.found.SessionURL != found.SessionURL
		changed := l.changed
		l.mu.Unlock()
		if other {
			return false
		}
		select {
		case <-turn:
			return true
		case <-changed:
		case <-l.life.Done():
			return false
		}
	}
}

// full is not nil while there is no room for a connection, here or at the instance.
func (l *link) full() *limits.FullError {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fullLocked()
}

func (l *link) fullLocked() *limits.FullError {
	if l.noSeat != nil || l.current == nil || l.client != nil {
		return l.noSeat
	}
	told := l.current.Stats().LastError
	if !errors.Is(told, session.ErrLimit) || l.current.State().Linked() {
		return nil
	}
	return &limits.FullError{
		What: "sessions of " + l.found.Name, Limit: "what it has", After: errors.RetryAfter(told),
		Way: "raise its --" + limits.ConnectionsFlag + " or --" + limits.MemoryFlag + ", or end another hub",
	}
}

// overloaded is the error of who asks for what there is no room for.
func overloaded(full *limits.FullError) error {
	return &api.Error{
		Code: api.CodeOverloaded, Message: full.Error() + "; nothing was executed",
		RetryAfterMillis: api.Millis(full.After), Err: full,
	}
}
