//go:build !linux && !darwin && !windows

package power

import (
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// nativeClock has no clock that counts sleep: only a jump of the wall clock can show one.
func nativeClock() system.Clock {
	start := time.Now()
	return system.Clock{Read: func() (r system.Reading) {
		now := time.Now()
		r.Wall = time.Duration(now.UnixNano())
		r.Awake = now.Sub(start)
		r.Total = r.Awake
		return r
	}}
}
