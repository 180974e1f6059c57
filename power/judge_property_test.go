package power

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Whatever sources say, in whatever order: all sleep is told of once, by Resumes, and Suspends
// come in pairs with what ended them.
func TestG1_NoSleepIsLostOrToldTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := system.Reading{Wall: 1e18}
		j := newJudge(true, rapid.Bool().Draw(t, "pausable"), r)
		j.announced = rapid.Bool().Draw(t, "announced")
		// Woke is left out: to believe it without the counter is the point of it.
		hints := []system.HintKind{system.AboutToSleep, system.Canceled, system.Over, system.Look, system.ClockSet}
		var slept, told time.Duration
		suspended := false
		check := func(events []Event) {
			for _, e := range events {
				switch e.Kind {
				case Suspend:
					if suspended {
						t.Fatal("a Suspend in a Suspend")
					}
					suspended = true
				case SuspendCanceled:
					if !suspended {
						t.Fatal("SuspendCanceled without a Suspend")
					}
					suspended = false
				case Resume:
					if e.Slept < minSleep {
						t.Fatalf("a Resume without a sleep: %+v", e)
					}
					told += e.Slept
					suspended = false
				case DarkWake:
					suspended = false
				}
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			awake := time.Duration(rapid.IntRange(1, 5000).Draw(t, "awake ms")) * time.Millisecond
			if rapid.Bool().Draw(t, "sleeps") {
				d := time.Duration(rapid.IntRange(100, 1e7).Draw(t, "slept ms")) * time.Millisecond
				slept += d
				r.Total += d
				r.Wall += d
			}
			r.Awake += awake
			r.Total += awake
			r.Wall += awake
			check(j.hint(rapid.SampledFrom(hints).Draw(t, "hint"), Logind, r))
			check(j.tick(r))
		}
		check(j.hint(system.Over, IOKit, r))
		if told != slept {
			t.Fatalf("slept %v, told of %v", slept, told)
		}
	})
}
