//go:build !race

package discovery

import (
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	var created, exited, kernel, user windows.Filetime
	fatal(t, windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user))
	return time.Duration(ticks(kernel)+ticks(user)) * 100
}

func ticks(f windows.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
