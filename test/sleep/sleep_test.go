//go:build sleep && linux

package sleep

import (
	"slices"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/sleep/side"
)

func TestH6_PathKept(t *testing.T) {
	getLab(t).takeKept(t, nap{name: "path kept, quiet", quiet: true})
}

// Who calls into a machine that sleeps gets no answer, and gives up the link before it wakes.
func TestH6_CalledWhileAsleep(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path kept, calls"})
	r.check(t)
	if r.outsideAfter.Resumes == r.outsideBefore.Resumes {
		t.Error("hub outside: it had no answer from a machine that sleeps, and thought nothing of it")
	}
}

func TestH6_PathReset(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path reset", fate: reset})
	r.check(t)
	r.checkResumed(t, "wake")
}

func TestH6_PathBlackholed(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path blackholed", fate: blackholed})
	r.check(t)
	r.checkResumed(t, "wake")
}

// The guest's network is taken down before it sleeps, and is up again only a while after.
func TestH6_NetworkGone(t *testing.T) {
	r := getLab(t).take(t, nap{name: "network gone", fate: blackholed, depart: 1500 * time.Millisecond})
	r.check(t)
	r.checkResumed(t, "wake", "network")
}

func TestG1_EightHours(t *testing.T) {
	getLab(t).takeKept(t, nap{name: "8 hours, quiet", quiet: true, leap: 8 * time.Hour})
}

// After ten wakes, whatever else happened in them, the time from the event to the first byte of
// a probe can be told.
func TestG1_FromEventToFirstByte(t *testing.T) {
	const (
		wakes           = 10
		usually, always = 250 * time.Millisecond, time.Second // on a slow machine that is emulated by a busy one
	)
	l := getLab(t)
	for len(l.results) < wakes {
		r := l.take(t, nap{name: "short", length: 3 * time.Second, quiet: true})
		r.check(t)
	}
	median, most := l.latency(t)
	if median > usually || most > always {
		t.Errorf("half of the first bytes were sent within %v of the event and all within %v, want %v and %v", median, most, usually, always)
	}
}

// The wall clock is set, which is no sleep and costs no link. It is set back: a clock that jumps
// ahead in a virtual machine may as well be the end of a pause of that, and is taken for one.
func TestG1_ClockStep(t *testing.T) {
	l := getLab(t)
	a, err := l.order(side.Order{Do: side.DoStep})
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for _, e := range a.Wake.Events {
		switch e.Kind {
		case "clock-step":
			steps++
		case "resume":
			t.Errorf("taken for a sleep: %+v", e)
		}
	}
	if steps != 1 {
		t.Errorf("%d clock steps, want one: %+v", steps, a.Wake.Events)
	}
	if taken := slices.Concat(a.Wake.HubEvents, a.Wake.InstanceEvents); len(taken) > 0 {
		t.Errorf("taken for a sleep: %q", taken)
	}
	before, after := l.state, a.Wake.State
	if before.Hub.SessionID != after.Hub.SessionID || before.Hub.Resumes != after.Hub.Resumes ||
		before.Session.ID != after.Session.ID || before.Session.Resumes != after.Session.Resumes {
		t.Errorf("before %+v, after %+v", before, after)
	}
	l.state = after
}
