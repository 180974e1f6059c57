//go:build sleep && linux

package sleep

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The virtual machine takes its real-time clock from libfaketime, which reads a file once a
// second. So hours can pass while it sleeps, and the clocks that run in it show nothing of it.
const clockCache = time.Second

func (q *qemu) clockFile() string { return filepath.Join(q.dir, "clock") }

// clockEnv has the machine's clock go right, until it is put ahead.
func (q *qemu) clockEnv() ([]string, error) {
	found, _ := filepath.Glob("/usr/lib/*-linux-gnu/faketime/libfaketime.so.1")
	if len(found) == 0 {
		return nil, errors.New("no libfaketime")
	}
	return []string{
		"LD_PRELOAD=" + found[0], "FAKETIME_TIMESTAMP_FILE=" + q.clockFile(),
		fmt.Sprintf("FAKETIME_CACHE_DURATION=%d", clockCache/time.Second), "FAKETIME_DONT_FAKE_MONOTONIC=1",
	}, q.setAhead(0)
}

// setAhead sets how far the clock is ahead of this machine's.
func (q *qemu) setAhead(d time.Duration) error {
	return os.WriteFile(q.clockFile(), fmt.Appendf(nil, "+%d\n", d/time.Second), 0o600)
}
