package power

import "golang.org/x/sys/unix"

const (
	totalClock = unix.CLOCK_MONOTONIC_RAW // mach_continuous_time
	awakeClock = unix.CLOCK_UPTIME_RAW    // mach_absolute_time
)
