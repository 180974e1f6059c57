package power

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// alarm is set off when the wall clock is set and when the machine wakes. To the kernel both are
// the same (timekeeping_resume ends in what a clock step does), and it needs neither rights nor
// D-Bus, so that it works in containers.
type alarm interface {
	// arm sets it up again. From then on nothing is missed.
	arm() error
	// wait returns unix.ECANCELED when it was set off, os.ErrDeadlineExceeded after stop.
	wait() error
	stop()
	close() error
}

// timerfdWatch waits for the alarm. Whether there was a sleep, the sleep counter knows.
func timerfdWatch(open func() (alarm, error)) system.Backend {
	return system.Backend{Name: string(Timerfd), Role: system.SleepRole, Run: func(ctx context.Context, sink system.Sink) error {
		a, err := open()
		if err != nil {
			return err
		}
		defer a.close()
		defer context.AfterFunc(ctx, a.stop)()
		if err := rearm(a); err != nil {
			return err
		}
		sink.Ready()
		for ctx.Err() == nil {
			err := a.wait()
			switch {
			case ctx.Err() != nil:
				return nil
			case errors.Is(err, unix.ECANCELED):
				if err := rearm(a); err != nil {
					return err
				}
				sink.Report(system.Hint{Kind: system.ClockSet})
			case err != nil:
				return fmt.Errorf("power: wait for a timerfd: %w", err)
			default: // it expired, in some 30,000 years, or by a clock that was set so far ahead
				if err := rearm(a); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

// rearm arms a. If the clock was set since it was last armed, that call arms it too, but says so.
func rearm(a alarm) error {
	err := a.arm()
	switch {
	case err == nil, errors.Is(err, unix.ECANCELED):
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		return fmt.Errorf("power: this kernel has no timerfd that tells of clock steps: %w (%w)", err, errors.ErrUnsupported)
	default:
		return fmt.Errorf("power: arm a timerfd: %w", err)
	}
}

// farAhead is when the timer would expire.
const farAhead = 1 << 40 // seconds since the epoch

// timerfd is the real alarm.
type timerfd struct {
	fd   int
	file *os.File // owns fd
}

func openTimerfd() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("power: create a timerfd: %w (%w)", err, errors.ErrUnsupported)
	}
	return &timerfd{fd, os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (t *timerfd) arm() error {
	at := unix.ItimerSpec{Value: unix.Timespec{Sec: farAhead}}
	return unix.TimerfdSettime(t.fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &at, nil)
}

func (t *timerfd) wait() error {
	var expired [8]byte
	_, err := t.file.Read(expired[:])
	return err
}

func (t *timerfd) stop() { t.file.SetReadDeadline(time.Unix(1, 0)) }

func (t *timerfd) close() error { return t.file.Close() }
