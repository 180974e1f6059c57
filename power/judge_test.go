package power

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// now is a step of a script: what the clocks did since the step before, and what was hinted then.
type now struct {
	awake, slept, stepped time.Duration
	hint                  system.HintKind // 0: time passes, no more
	from                  Source
	want                  string // events, see tell
}

// tell writes events down as "resume 1 slept 1h0m0s by timerfd".
func tell(events []Event) string {
	var list []string
	for _, e := range events {
		s := fmt.Sprintf("%v %d", e.Kind, e.Sleep)
		if e.Slept != 0 {
			s += fmt.Sprintf(" slept %v", e.Slept)
		}
		if e.Inferred {
			s += " inferred"
		}
		list = append(list, s+" by "+string(e.Source))
	}
	return strings.Join(list, "; ")
}

// A script runs on clocks of this sort.
type clocks uint8

const (
	exact     clocks = iota // the sleep counter counts
	pausable                // and the machine may be paused
	announced               // and full wakes are announced
	blind                   // there is no sleep counter
)

const (
	ms = time.Millisecond
	s  = time.Second
	h  = time.Hour
)

// Each row of the table that maps what systems say to events.
var rows = []struct {
	name   string
	on     clocks
	script []now
}{
	{"logind: sleep and wake", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: s, slept: h, hint: system.Over, from: Logind, want: "resume 1 slept 1h0m0s by logind"},
	}},
	{"logind: each signal twice (elogind)", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: ms, hint: system.AboutToSleep, from: Logind},
		{awake: s, slept: h, hint: system.Over, from: Logind, want: "resume 1 slept 1h0m0s by logind"},
		{awake: ms, hint: system.Over, from: Logind},
	}},
	{"logind: the sleep failed or was refused", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: s, hint: system.Over, from: Logind, want: "suspend-canceled 1 by logind"},
		{awake: ms, hint: system.Over, from: Logind},
	}},
	{"logind: the repeat comes after the wake", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: ms, slept: h, hint: system.AboutToSleep, from: Logind, want: "resume 1 slept 1h0m0s by logind"},
		{awake: ms, hint: system.Over, from: Logind},
	}},
	{"logind: asleep again at once", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: ms, slept: h, hint: system.Over, from: Logind, want: "resume 1 slept 1h0m0s by logind"},
		{awake: ms, hint: system.AboutToSleep, from: Logind, want: "suspend 2 by logind"},
		{awake: ms, slept: h, hint: system.Over, from: Logind, want: "resume 2 slept 1h0m0s by logind"},
	}},
	{"logind: woke unannounced, asleep again at once", exact, []now{
		{slept: h, hint: system.Over, from: Logind, want: "resume 1 slept 1h0m0s by logind"},
		{awake: ms, hint: system.AboutToSleep, from: Logind, want: "suspend 2 by logind"},
	}},
	{"logind: failed, and tried again at once", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: ms, hint: system.Over, from: Logind, want: "suspend-canceled 1 by logind"},
		{awake: ms, hint: system.AboutToSleep, from: Logind, want: "suspend 2 by logind"},
	}},
	{"logind: no end of the first attempt was told", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: 9 * s, hint: system.AboutToSleep, from: Logind, want: "suspend-canceled 1 by logind; suspend 2 by logind"},
	}},
	{"logind: no end of the sleep was told", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: 9 * s, slept: h, hint: system.AboutToSleep, from: Logind, want: "resume 1 slept 1h0m0s by logind; suspend 2 by logind"},
	}},
	{"logind: both signals after the wake (no lock, or frozen)", exact, []now{
		{slept: h, hint: system.ClockSet, from: Timerfd, want: "resume 1 slept 1h0m0s by timerfd"},
		{awake: 300 * ms, hint: system.AboutToSleep, from: Logind},
		{awake: ms, hint: system.Over, from: Logind},
	}},
	{"timerfd is first, logind later", exact, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: s, slept: 8 * h, hint: system.ClockSet, from: Timerfd, want: "resume 1 slept 8h0m0s by timerfd"},
		{awake: 150 * ms, hint: system.Over, from: Logind},
		{awake: s, hint: system.Look, from: Clock},
	}},
	{"logind is first, timerfd later", exact, []now{
		{slept: h, hint: system.Over, from: Logind, want: "resume 1 slept 1h0m0s by logind"},
		{awake: ms, hint: system.ClockSet, from: Timerfd},
	}},
	{"timerfd alone, twice asleep", exact, []now{
		{slept: h, hint: system.ClockSet, from: Timerfd, want: "resume 1 slept 1h0m0s by timerfd"},
		{awake: 200 * ms, slept: 2 * h, hint: system.ClockSet, from: Timerfd, want: "resume 2 slept 2h0m0s by timerfd"},
	}},
	{"the wall clock is set, on hardware", exact, []now{
		{awake: s, stepped: h, hint: system.ClockSet, from: Timerfd, want: "clock-step 0 by timerfd"},
		{awake: 5 * s, stepped: -h, hint: system.ClockSet, from: Timerfd, want: "clock-step 0 by timerfd"},
		{awake: 5 * s, stepped: ms, hint: system.ClockSet, from: Timerfd, want: "clock-step 0 by timerfd"},
	}},
	{"the wall clock jumps ahead, in a virtual machine", pausable, []now{
		{awake: s, stepped: h, hint: system.ClockSet, from: Timerfd, want: "resume 1 slept 1h0m0s inferred by timerfd"},
		{awake: 5 * s, stepped: 4 * s, hint: system.ClockSet, from: Timerfd, want: "clock-step 1 by timerfd"},
		{awake: 5 * s, stepped: -h, hint: system.ClockSet, from: Timerfd, want: "clock-step 1 by timerfd"},
	}},
	{"a real sleep in a virtual machine whose wall clock is corrected", pausable, []now{
		{slept: h, stepped: 6 * s, hint: system.ClockSet, from: Timerfd, want: "resume 1 slept 1h0m0s by timerfd"},
	}},
	{"stopped, starved, and drifting", pausable, []now{
		{awake: h, hint: system.Look, from: Clock},
		{awake: h, stepped: 900 * ms, hint: system.Look, from: Clock},
		{awake: h, stepped: 900 * ms, hint: system.Look, from: Clock},
		{awake: s, slept: ms, hint: system.Look, from: Clock},
	}},
	{"short sleeps add up", exact, []now{
		{awake: s, slept: 60 * ms, hint: system.Look, from: Clock},
		{awake: s, slept: 60 * ms, hint: system.Look, from: Clock, want: "resume 1 slept 120ms by clock"},
	}},
	{"IOKit: full wake", announced, []now{
		{hint: system.AboutToSleep, from: IOKit, want: "suspend 1 by iokit"},
		{awake: s, slept: h, hint: system.Look, from: Clock},
		{awake: 2 * s, hint: system.Over, from: IOKit, want: "resume 1 slept 1h0m0s by clock"},
		{awake: 9 * s},
	}},
	{"IOKit: canceled, then powered on", announced, []now{
		{hint: system.AboutToSleep, from: IOKit, want: "suspend 1 by iokit"},
		{awake: s, hint: system.Canceled, from: IOKit, want: "suspend-canceled 1 by iokit"},
		{awake: ms, hint: system.Over, from: IOKit},
	}},
	{"IOKit: dark wakes before the full one", announced, []now{
		{hint: system.AboutToSleep, from: IOKit, want: "suspend 1 by iokit"},
		{awake: s, slept: h, hint: system.Look, from: Clock},
		{awake: 2 * s},
		{awake: s, want: "dark-wake 1 slept 1h0m0s by clock"},
		{awake: s, slept: 2 * h, hint: system.Look, from: Clock},
		{awake: s, slept: 3 * h, hint: system.Look, from: Clock, want: "dark-wake 2 slept 2h0m0s by clock"},
		{awake: s, hint: system.Over, from: IOKit, want: "resume 3 slept 6h0m0s by clock"},
		{awake: 9 * s, hint: system.Over, from: IOKit},
	}},
	{"IOKit: full wake in a dark wake that was told", announced, []now{
		{slept: h, hint: system.Look, from: Clock},
		{awake: 4 * s, want: "dark-wake 1 slept 1h0m0s by clock"},
		{awake: 60 * s, hint: system.Over, from: IOKit, want: "resume 1 slept 1h0m0s by iokit"},
	}},
	{"powrprof: one sleep, two messages", exact, []now{
		{hint: system.AboutToSleep, from: Powrprof, want: "suspend 1 by powrprof"},
		{awake: s, slept: h, hint: system.Woke, from: Powrprof, want: "resume 1 slept 1h0m0s by powrprof"},
		{awake: ms, hint: system.Look, from: Powrprof},
		{awake: h, hint: system.Look, from: Powrprof},
	}},
	{"powrprof: the messages swapped threads", exact, []now{
		{slept: h, hint: system.Look, from: Powrprof, want: "resume 1 slept 1h0m0s by powrprof"},
		{awake: 9 * s, hint: system.Woke, from: Powrprof},
	}},
	{"powrprof: a counter that does not move", exact, []now{
		{hint: system.AboutToSleep, from: Powrprof, want: "suspend 1 by powrprof"},
		{awake: s, hint: system.Woke, from: Powrprof, want: "resume 1 by powrprof"},
		{awake: s, hint: system.Woke, from: Powrprof},
		{awake: 3 * s, hint: system.Woke, from: Powrprof, want: "resume 2 by powrprof"},
	}},
	{"powrprof: a counter that lags", exact, []now{
		{hint: system.Woke, from: Powrprof, want: "resume 1 by powrprof"},
		{awake: s, slept: h, hint: system.Look, from: Clock},
		{awake: 5 * s, slept: h, hint: system.Look, from: Clock, want: "resume 2 slept 1h0m0s by clock"},
	}},
	{"no sleep counter: the native source decides", blind, []now{
		{hint: system.AboutToSleep, from: Logind, want: "suspend 1 by logind"},
		{awake: s, hint: system.Over, from: Logind, want: "resume 1 by logind"},
		{awake: ms, hint: system.Over, from: Logind},
	}},
	{"no sleep counter, no native source: the wall clock is all there is", blind, []now{
		{awake: s, stepped: h, hint: system.Look, from: Clock, want: "resume 1 slept 1h0m0s inferred by clock"},
	}},
	{"a reading that was overtaken", exact, []now{
		{awake: s, slept: h, hint: system.Look, from: Clock, want: "resume 1 slept 1h0m0s by clock"},
		{awake: -ms, slept: -h, hint: system.Look, from: Timerfd},
		{awake: s, slept: h, stepped: h, hint: system.Look, from: Clock, want: "clock-step 1 by clock"},
		{awake: -ms, stepped: -h, hint: system.Look, from: Timerfd},
	}},
}

func TestG1_EachRowOfTheMapping(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := system.Reading{Wall: 1e18, Total: 5 * s, Awake: 4 * s}
			j := newJudge(row.on != blind, row.on == pausable || row.on == blind, r)
			j.announced = row.on == announced
			for i, n := range row.script {
				r.Awake += n.awake
				r.Total += n.awake + n.slept
				r.Wall += n.awake + n.slept + n.stepped
				var events []Event
				if n.hint == 0 {
					events = j.tick(r)
				} else {
					events = j.hint(n.hint, n.from, r)
				}
				if got := tell(events); got != n.want {
					t.Errorf("step %d: got %q, want %q", i, got, n.want)
				}
			}
		})
	}
}

func TestADarkWakeWithoutItsWitnessIsAResume(t *testing.T) {
	r := system.Reading{}
	j := newJudge(true, false, r)
	j.announced = true
	r.Total = h
	if events := j.hint(system.Look, Clock, r); events != nil {
		t.Fatalf("too early: %s", tell(events))
	}
	j.announced = false // it failed meanwhile
	at, ok := j.deadline()
	if !ok {
		t.Fatal("nothing is due")
	}
	r.Awake += at
	r.Total += at
	if got := tell(j.tick(r)); got != "resume 1 slept 1h0m0s by clock" {
		t.Error(got)
	}
}
