package iokit

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// sink is a monitor that keeps what it hears.
type sink struct {
	t       *testing.T
	ready   chan struct{}
	hints   chan system.Hint
	wanted  bool
	changed chan struct{}
	held    atomic.Bool
	panics  bool
}

func newSink(t *testing.T, wanted bool) *sink {
	return &sink{t: t, ready: make(chan struct{}, 1), hints: make(chan system.Hint, 1000),
		wanted: wanted, changed: make(chan struct{})}
}

func (s *sink) Ready() { s.ready <- struct{}{} }

func (s *sink) Report(h system.Hint) {
	if s.panics {
		panic("out of order")
	}
	s.hints <- h
}

func (s *sink) Hold() (bool, <-chan struct{}) { return s.wanted, s.changed }

func (s *sink) Holding(held bool, err error) {
	if err != nil {
		s.t.Errorf("it can't hold: %v", err)
	}
	s.held.Store(held)
}

// next is the next hint, which must be of this kind.
func (s *sink) next(kind system.HintKind) system.Hint {
	s.t.Helper()
	select {
	case h := <-s.hints:
		if h.Kind != kind {
			s.t.Errorf("hint %d, want %d", h.Kind, kind)
		}
		return h
	case <-time.After(10 * time.Second):
		s.t.Fatalf("no hint, want %d", kind)
		panic("not reached")
	}
}

// none makes sure that there are no more hints.
func (s *sink) none() {
	s.t.Helper()
	select {
	case h := <-s.hints:
		s.t.Errorf("another hint: %d", h.Kind)
	default:
	}
}

// run starts a backend and waits until it listens. stop ends it and returns its error.
func (s *sink) run(b system.Backend) (stop func() error) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, s) }()
	select {
	case <-s.ready:
	case err := <-done:
		cancel()
		s.t.Fatalf("it ended at once: %v", err)
	case <-time.After(10 * time.Second):
		cancel()
		s.t.Fatal("it is not ready")
	}
	return func() error { cancel(); return <-done }
}
