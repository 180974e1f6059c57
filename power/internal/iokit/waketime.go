package iokit

import (
	"context"
	"sync"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// WakeTime is a second witness of sleep, beside the clocks: when the machine last woke, as the
// kernel remembers it.
type WakeTime struct {
	read func() (time.Time, error)

	mu   sync.Mutex // guards following
	last time.Time
}

// NewWakeTime returns a witness that has seen nothing yet.
func NewWakeTime(read func() (time.Time, error)) *WakeTime {
	return &WakeTime{read: read}
}

// Moved says whether the machine certainly slept since the last call. The first knows of
// nothing before it.
func (w *WakeTime) Moved() bool {
	now, err := w.read()
	if err != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.last
	w.last = now
	return !before.IsZero() && !before.Equal(now)
}

// Backend asks the witness now and then, and for a look at the clocks if it knows of nothing. It
// can't tell a machine that is awake from one that is up for chores only.
func (w *WakeTime) Backend(name string, poll time.Duration) system.Backend {
	return system.Backend{Name: name, Role: system.SleepRole, Fallback: true, Run: func(ctx context.Context, sink system.Sink) error {
		w.Moved()
		sink.Ready()
		t := time.NewTicker(poll)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-t.C:
				hint := system.Hint{Kind: system.Look}
				if w.Moved() {
					hint.Kind = system.Woke
				}
				sink.Report(hint)
			}
		}
	}}
}
