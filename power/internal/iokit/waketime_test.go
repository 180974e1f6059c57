package iokit

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

func TestWakeTime(t *testing.T) {
	var now time.Time
	var fails error
	w := NewWakeTime(func() (time.Time, error) { return now, fails })
	for _, step := range []struct {
		now  time.Time
		err  error
		want bool
		why  string
	}{
		{time.Unix(0, 0), nil, false, "the first look knows of nothing before"},
		{time.Unix(0, 0), nil, false, "it never slept"},
		{time.Unix(500, 3), nil, true, "it slept for the first time"},
		{time.Unix(500, 3), nil, false, "that was told already"},
		{time.Unix(900, 0), errors.New("no"), false, "it can't be read"},
		{time.Unix(900, 0), nil, true, "it slept meanwhile"},
	} {
		now, fails = step.now, step.err
		if got := w.Moved(); got != step.want {
			t.Errorf("%s: moved is %v", step.why, got)
		}
	}
}

// wakingAt is a witness of a machine that woke at a time the test sets.
func wakingAt(seconds int64) (*WakeTime, *atomic.Int64) {
	at := new(atomic.Int64)
	at.Store(seconds)
	return NewWakeTime(func() (time.Time, error) { return time.Unix(at.Load(), 0), nil }), at
}

func TestWakeTimeBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, at := wakingAt(500)
		s := newSink(t, false)
		stop := s.run(w.Backend("clock", 5*time.Second))
		time.Sleep(7 * time.Second)
		s.next(system.Look)
		at.Store(700)
		time.Sleep(10 * time.Second)
		s.next(system.Woke)
		s.next(system.Look)
		s.none()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// Without a witness there are still the clocks.
func TestWakeTimeBackendWithoutAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWakeTime(func() (time.Time, error) { return time.Time{}, errors.New("gone") })
		s := newSink(t, false)
		stop := s.run(w.Backend("clock", time.Second))
		time.Sleep(1500 * time.Millisecond)
		s.next(system.Look)
		s.none()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
