package hub

import (
	"context"
	"sync"
)

// settling is the first moment of a hub's life, in which it finds out what is there. Its
// first look ends when the source has told what it sees; it is over when every instance of
// that look was tried once, or after settleTime.
type settling struct {
	looked chan struct{} // closed after the first look
	over   chan struct{} // closed when it is over

	mu      sync.Mutex
	pending map[*link]struct{}
	phase   settlingPhase
}

type settlingPhase uint8

const (
	looking settlingPhase = iota // links are expected
	trying                       // expected links are tried
	settled
)

func newSettling() *settling {
	return &settling{
		looked:  make(chan struct{}),
		over:    make(chan struct{}),
		pending: make(map[*link]struct{}),
	}
}

// expect waits for l to be tried, if it belongs to the first look.
func (s *settling) expect(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == looking {
		s.pending[l] = struct{}{}
	}
}

// sawAll ends the first look.
func (s *settling) sawAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advanceLocked()
}

// tried says that what becomes of l is known, or can't be known soon.
func (s *settling) tried(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, l)
	if s.phase == trying {
		s.advanceLocked()
	}
}

func (s *settling) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.pending)
	s.advanceLocked()
}

func (s *settling) advanceLocked() {
	if s.phase == looking {
		s.phase = trying
		close(s.looked)
	}
	if s.phase == trying && len(s.pending) == 0 {
		s.phase = settled
		close(s.over)
	}
}

// wait waits for one of the two channels.
func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return contextError(ctx, "the hub has only just begun to look for instances")
	}
}
