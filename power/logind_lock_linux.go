package power

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/godbus/dbus/v5"

	"github.com/standardbeagle/brum/power/internal/system"
)

// sleepLock is a delay inhibitor: logind waits with a sleep for as long as its file is open, up
// to InhibitDelayMaxSec. One goroutine uses it.
type sleepLock struct {
	manager dbus.BusObject
	who     string
	sink    system.Sink
	file    *os.File // nil: not held
	refused error    // why the last attempt failed; there is no other until something changes
	told    bool     // that it is held, or refused
}

// settled: there is nothing to try.
func (l *sleepLock) settled() bool { return l.file != nil || l.refused != nil }

func (l *sleepLock) take(ctx context.Context) {
	var fd dbus.UnixFD
	err := l.manager.CallWithContext(ctx, manager+".Inhibit", 0, "sleep", l.who, "get connections ready for sleep", "delay").Store(&fd)
	l.told = true
	if err != nil {
		l.refused = fmt.Errorf("power: logind refuses to wait: %w", err)
		l.sink.Holding(false, l.refused)
		return
	}
	l.file = os.NewFile(uintptr(fd), "logind's sleep lock")
	l.sink.Holding(true, nil)
}

// release lets go of the lock, and of having been refused one.
func (l *sleepLock) release() {
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.refused = nil, nil
	if l.told {
		l.told = false
		l.sink.Holding(false, nil)
	}
}

// handOver gives the lock away, to be released by who calls the function, once. It is nil if
// there is no lock.
func (l *sleepLock) handOver() func() {
	file := l.file
	if file == nil {
		return nil
	}
	l.file = nil
	return sync.OnceFunc(func() { file.Close() })
}
