package iokit

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// kernelWakeTime reads kern.waketime.
func kernelWakeTime() (time.Time, error) {
	t, err := unix.SysctlTimeval("kern.waketime")
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(t.Unix()), nil
}

// Backends are IOKit, and what there is without it.
func Backends(name, fallback string, poll time.Duration) []system.Backend {
	return []system.Backend{
		backend(name, apple, poll, NewWakeTime(kernelWakeTime)),
		NewWakeTime(kernelWakeTime).Backend(fallback, poll),
	}
}
