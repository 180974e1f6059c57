package power

import "golang.org/x/sys/unix"

const (
	totalClock = unix.CLOCK_BOOTTIME
	awakeClock = unix.CLOCK_MONOTONIC
)
