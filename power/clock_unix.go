//go:build linux || darwin

package power

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// nativeClock reads the kernel's clocks. Where it lacks the one that counts sleep (gVisor), the
// sleep counter stands still.
func nativeClock() system.Clock {
	total, counts := int32(totalClock), true
	var ts unix.Timespec
	if unix.ClockGettime(total, &ts) != nil {
		total, counts = awakeClock, false
	}
	return system.Clock{CountsSleep: counts, Read: func() (r system.Reading) {
		r.Wall = time.Duration(time.Now().UnixNano())
		if !counts {
			r.Awake = clock(awakeClock)
			r.Total = r.Awake
			return r
		}
		r.Total, r.Awake = system.Pair(func() time.Duration { return clock(total) }, func() time.Duration { return clock(awakeClock) })
		return r
	}}
}

func clock(id int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		panic("power: a clock that could be read no longer can: " + err.Error())
	}
	return time.Duration(ts.Nano())
}
