//go:build unix && !race

package discovery

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	var u unix.Rusage
	fatal(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
