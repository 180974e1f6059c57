package power

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// fakeAlarm goes off when the test says so.
type fakeAlarm struct {
	arms    []error // what arm returns, in turn; nil after that
	armed   int
	waits   chan error
	stopped chan struct{}
	closed  bool
}

func (a *fakeAlarm) arm() error {
	a.armed++
	if a.armed <= len(a.arms) {
		return a.arms[a.armed-1]
	}
	return nil
}

func (a *fakeAlarm) wait() error {
	select {
	case err := <-a.waits:
		return err
	case <-a.stopped:
		return os.ErrDeadlineExceeded
	}
}

func (a *fakeAlarm) stop()        { close(a.stopped) }
func (a *fakeAlarm) close() error { a.closed = true; return nil }

// sinkLog notes what a backend says.
type sinkLog struct {
	ready chan struct{}
	hints chan system.HintKind
}

func newSinkLog() *sinkLog {
	return &sinkLog{make(chan struct{}, 16), make(chan system.HintKind, 64)}
}

func (s *sinkLog) Ready()                        { s.ready <- struct{}{} }
func (s *sinkLog) Report(h system.Hint)          { s.hints <- h.Kind }
func (s *sinkLog) Hold() (bool, <-chan struct{}) { return false, nil }
func (s *sinkLog) Holding(bool, error)           {}

func TestTimerfdGoesOffAndIsArmedAgain(t *testing.T) {
	a := &fakeAlarm{arms: []error{unix.ECANCELED}, waits: make(chan error), stopped: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	log, done := newSinkLog(), make(chan error)
	go func() { done <- timerfdWatch(func() (alarm, error) { return a, nil }).Run(ctx, log) }()
	<-log.ready
	for range 3 {
		a.waits <- &fs.PathError{Op: "read", Path: "timerfd", Err: unix.ECANCELED}
		if kind := <-log.hints; kind != system.ClockSet {
			t.Fatalf("hint %d", kind)
		}
	}
	a.waits <- nil // it expired: a look does no harm, but there is nothing to say
	a.waits <- unix.ECANCELED
	<-log.hints
	cancel()
	if err := <-done; err != nil || !a.closed || a.armed != 6 || len(log.hints) != 0 {
		t.Errorf("ended with %v; closed %v, armed %d times, %d hints too many", err, a.closed, a.armed, len(log.hints))
	}
}

func TestTimerfdThatIsNotThere(t *testing.T) {
	for _, c := range []struct {
		arm         error
		unsupported bool
	}{{unix.EINVAL, true}, {unix.ENOSYS, true}, {unix.EPERM, true}, {unix.ENOMEM, false}} {
		a := &fakeAlarm{arms: []error{c.arm}, stopped: make(chan struct{})}
		err := timerfdWatch(func() (alarm, error) { return a, nil }).Run(t.Context(), newSinkLog())
		if !errors.Is(err, c.arm) || errors.Is(err, errors.ErrUnsupported) != c.unsupported || !a.closed {
			t.Errorf("%v: got %v", c.arm, err)
		}
	}
	a := &fakeAlarm{waits: make(chan error, 1), stopped: make(chan struct{})}
	a.waits <- unix.EIO
	if err := timerfdWatch(func() (alarm, error) { return a, nil }).Run(t.Context(), newSinkLog()); !errors.Is(err, unix.EIO) {
		t.Errorf("got %v", err)
	}
}

// The real one can't be set off without setting the machine's clock. It can be armed and stopped.
func TestTheRealTimerfd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log, done := newSinkLog(), make(chan error)
	go func() { done <- timerfdWatch(openTimerfd).Run(ctx, log) }()
	select {
	case <-log.ready:
	case err := <-done:
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheRealClock(t *testing.T) {
	c := nativeClock()
	a := c.Read()
	time.Sleep(20 * time.Millisecond)
	b := c.Read()
	if b.Awake-a.Awake < 20*time.Millisecond || b.Total < a.Total || b.Wall == 0 {
		t.Errorf("from %+v to %+v", a, b)
	}
	if slept := b.Slept() - a.Slept(); slept < -minSleep || slept > minSleep {
		t.Errorf("awake, and slept %v", slept)
	}
}

func TestVirtualMachines(t *testing.T) {
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  bool
	}{
		"nothing known": {fstest.MapFS{}, false},
		"a laptop": {fstest.MapFS{"proc/cpuinfo": {Data: []byte("flags\t: fpu vme\n")}, "proc/sys/kernel/osrelease": {Data: []byte("6.1.0-amd64")},
			"sys/class/dmi/id/sys_vendor": {Data: []byte("LENOVO\n")}, "sys/class/dmi/id/product_name": {Data: []byte("20XX\n")}}, false},
		"WSL2":          {fstest.MapFS{"proc/sys/kernel/osrelease": {Data: []byte("5.15.90.1-microsoft-standard-WSL2")}}, true},
		"a hypervisor":  {fstest.MapFS{"proc/cpuinfo": {Data: []byte("flags\t: fpu hypervisor lahf_lm\n")}}, true},
		"on arm64, DMI": {fstest.MapFS{"sys/class/dmi/id/sys_vendor": {Data: []byte("QEMU\n")}}, true},
		"device tree":   {fstest.MapFS{"proc/device-tree/hypervisor/compatible": {Data: []byte("linux,kvm")}}, true},
	} {
		if got := virtual(c.files); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
