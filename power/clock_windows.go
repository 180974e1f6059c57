package power

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/standardbeagle/brum/power/internal/system"
)

var queryUnbiasedInterruptTime = windows.NewLazySystemDLL("kernel32.dll").NewProc("QueryUnbiasedInterruptTime")

// nativeClock reads the time since boot with and without sleep. The former moves in steps of up
// to 16 ms.
func nativeClock() system.Clock {
	counts := queryUnbiasedInterruptTime.Find() == nil
	return system.Clock{CountsSleep: counts, Read: func() (r system.Reading) {
		r.Wall = time.Duration(time.Now().UnixNano())
		if !counts {
			r.Total = windows.DurationSinceBoot()
			r.Awake = r.Total
			return r
		}
		r.Total, r.Awake = system.Pair(windows.DurationSinceBoot, unbiased)
		return r
	}}
}

func unbiased() time.Duration {
	var t uint64 // of 100 ns
	queryUnbiasedInterruptTime.Call(uintptr(unsafe.Pointer(&t)))
	return time.Duration(t) * 100
}
