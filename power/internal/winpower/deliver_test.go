package winpower

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// sink is a monitor that keeps what it hears.
type sink struct {
	hints  []system.Hint
	wanted bool
	report func(system.Hint)
}

func (s *sink) Ready()                        {}
func (s *sink) Hold() (bool, <-chan struct{}) { return s.wanted, nil }
func (s *sink) Holding(bool, error)           {}
func (s *sink) Report(h system.Hint) {
	s.hints = append(s.hints, h)
	if s.report != nil {
		s.report(h)
	}
}

func listenersOf(sinks ...*sink) (all []listener, failed chan error) {
	failed = make(chan error, 1)
	for _, s := range sinks {
		all = append(all, hinting(s, failed))
	}
	return all, failed
}

// took is how long Windows had to wait.
func took(all []listener, number uint32) time.Duration {
	began := time.Now()
	deliver(all, event(number))
	return time.Since(began)
}

func TestWindowsWaitsForTheSlowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := func(d time.Duration) func(system.Hint) {
			return func(h system.Hint) {
				if h.Budget != 1500*time.Millisecond {
					t.Errorf("hooks have %v, want 1.5 s", h.Budget)
				}
				time.AfterFunc(d, h.Ack)
			}
		}
		slow, slower := &sink{wanted: true, report: later(200 * time.Millisecond)}, &sink{wanted: true, report: later(700 * time.Millisecond)}
		all, _ := listenersOf(slow, slower, &sink{})
		if d := took(all, 0x4); d != 700*time.Millisecond {
			t.Errorf("Windows waited %v, want 700 ms", d)
		}
	})
}

func TestWindowsDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		all, _ := listenersOf(s)
		for _, number := range []uint32{0x4, 0x12, 0x7, 0xa} {
			if d := took(all, number); d != 0 {
				t.Errorf("event %#x: Windows waited %v", number, d)
			}
		}
		s.wanted = true // with hooks it does not wait for anything but before a sleep either
		for _, number := range []uint32{0x12, 0x7, 0xa} {
			if d := took(all, number); d != 0 {
				t.Errorf("event %#x: Windows waited %v", number, d)
			}
		}
		if d := took(nil, 0x4); d != 0 {
			t.Errorf("without listeners Windows waited %v", d)
		}
		var kinds []system.HintKind
		for _, h := range s.hints {
			if h.Ack != nil {
				t.Errorf("hint %d asks for an answer", h.Kind)
			}
			kinds = append(kinds, h.Kind)
		}
		want := []system.HintKind{system.AboutToSleep, system.Woke, system.Look, system.Woke, system.Look}
		if len(kinds) != len(want) || kinds[0] != want[0] || kinds[1] != want[1] || kinds[2] != want[2] {
			t.Errorf("hints %v, want %v", kinds, want)
		}
	})
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, _ := listenersOf(&sink{wanted: true}) // never answers
		if d := took(all, 0x4); d != 1900*time.Millisecond {
			t.Errorf("Windows waited %v, want 1.9 s", d)
		}
	})
}

func TestPanickingListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, failed := listenersOf(&sink{wanted: true, report: func(system.Hint) { panic("out of order") }})
		for range 2 { // nobody reads the second failure, and that stops nothing
			if d := took(all, 0x4); d != 0 {
				t.Errorf("Windows waited %v", d)
			}
		}
		if err := <-failed; !strings.Contains(err.Error(), "PBT_APMSUSPEND: out of order") {
			t.Errorf("error %v, want the panic", err)
		}
	})
}

func TestAnsweringTwiceIsNoAnswerOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasty := func(_ event, answer func()) { answer(); answer() }
		slow := func(_ event, answer func()) { time.AfterFunc(time.Second, answer) }
		if d := took([]listener{hasty, slow}, 0x4); d != time.Second {
			t.Errorf("Windows waited %v, want 1 s", d)
		}
	})
}
