package power

import (
	"testing"
	"time"

	"github.com/standardbeagle/brum/power/internal/iokit"
	"github.com/standardbeagle/brum/power/internal/system"
	"github.com/standardbeagle/brum/power/internal/winpower"
)

// said is a step of a script: what the clocks did since the step before, and the number of the
// message that came then. The numbers are those of Apple's and Microsoft's headers.
type said struct {
	awake, slept time.Duration
	number       uint32 // 0: the clocks are looked at, as they are now and then
	woke         bool   // macOS: the kernel remembers another wake than before
	want         string
}

// What macOS and Windows say, to the letter, and the events that it comes to.
var messages = []struct {
	name   string
	from   Source
	script []said
}{
	{"macOS: idle sleep and wake", IOKit, []said{
		{number: 0xe0000270},
		{awake: s, number: 0xe0000280, want: "suspend 1 by iokit"},
		{awake: ms, slept: h, number: 0xe0000320, want: ""}, // devices are not up yet
		{awake: s, number: 0xe0000300, woke: true, want: "resume 1 slept 1h0m0s by iokit"},
		{awake: ms, number: 0},
	}},
	{"macOS: somebody objects to idle sleep", IOKit, []said{
		{number: 0xe0000270},
		{awake: s, number: 0xe0000290},
	}},
	{"macOS: a sleep that is called off", IOKit, []said{
		{number: 0xe0000280, want: "suspend 1 by iokit"},
		{awake: s, number: 0xe0000290, want: "suspend-canceled 1 by iokit"},
		{awake: ms, number: 0xe0000320},
		{awake: ms, number: 0xe0000300},
	}},
	{"macOS: a sleep that fails says only that all is up", IOKit, []said{
		{number: 0xe0000280, want: "suspend 1 by iokit"},
		{awake: s, number: 0xe0000320},
		{awake: s, number: 0xe0000300, want: "suspend-canceled 1 by iokit"},
	}},
	{"macOS: awake for chores, and later for good", IOKit, []said{
		{number: 0xe0000280, want: "suspend 1 by iokit"},
		{awake: s, slept: h, number: 0},
		{awake: 3 * s, number: 0, want: "dark-wake 1 slept 1h0m0s by iokit"},
		{awake: s, slept: h, number: 0xe0000320},
		{awake: s, number: 0xe0000300, woke: true, want: "resume 2 slept 2h0m0s by iokit"},
	}},
	{"macOS: the counter stands still, the kernel remembers", IOKit, []said{
		{number: 0xe0000280, want: "suspend 1 by iokit"},
		{awake: s, number: 0xe0000300, woke: true, want: "resume 1 by iokit"},
	}},
	{"Windows: sleep, wake, and a user", Powrprof, []said{
		{number: 0x4, want: "suspend 1 by powrprof"},
		{awake: s, slept: h, number: 0x12, want: "resume 1 slept 1h0m0s by powrprof"},
		{awake: ms, number: 0x7},
		{awake: h, number: 0x7},
	}},
	{"Windows: callback and window tell the same", Powrprof, []said{
		{number: 0x4, want: "suspend 1 by powrprof"},
		{awake: ms, number: 0x4},
		{awake: s, slept: h, number: 0x12, want: "resume 1 slept 1h0m0s by powrprof"},
		{awake: ms, number: 0x12},
	}},
	{"Windows: the counter stands still", Powrprof, []said{
		{number: 0x4, want: "suspend 1 by powrprof"},
		{awake: s, number: 0x12, want: "resume 1 by powrprof"},
		{awake: s, number: 0x12},
	}},
	{"Windows: only the user is told of", Powrprof, []said{
		{awake: s, slept: h, number: 0x7, want: "resume 1 slept 1h0m0s by powrprof"},
	}},
	{"Windows: nothing is told, the clocks are looked at", Powrprof, []said{
		{awake: s, slept: h, number: 0, want: "resume 1 slept 1h0m0s by powrprof"},
	}},
	{"Windows: mains and battery", Powrprof, []said{
		{number: 0xa},
		{number: 0x8013},
	}},
}

func TestG1_MessagesOfMacOSAndWindows(t *testing.T) {
	for _, row := range messages {
		t.Run(row.name, func(t *testing.T) {
			r := system.Reading{Wall: 1e18, Total: 5 * s, Awake: 4 * s}
			j := newJudge(true, false, r)
			j.announced = row.from == IOKit
			for i, step := range row.script {
				r.Awake += step.awake
				r.Total += step.awake + step.slept
				r.Wall += step.awake + step.slept
				hint := system.Look
				switch {
				case step.number == 0:
				case row.from == IOKit:
					hint = iokit.Meaning(step.number, step.woke)
				default:
					hint = winpower.Meaning(step.number)
				}
				events := j.tick(r)
				if hint != 0 {
					events = append(events, j.hint(hint, row.from, r)...)
				}
				if got := tell(events); got != step.want {
					t.Errorf("step %d: got %q, want %q", i, got, step.want)
				}
			}
		})
	}
}
