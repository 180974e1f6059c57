//go:build sleep && linux

package sleep

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/sleep/side"
)

const (
	// The guest's clock that runs in sleep has a resolution of a second.
	tolerance = 1600 * time.Millisecond
	usualNap  = 5 * time.Second
	// settle is how long it takes until all is acknowledged that was under way.
	settle = 300 * time.Millisecond
)

// nap is a sleep and what happens meanwhile.
type nap struct {
	name   string
	length time.Duration // here; usualNap if 0
	leap   time.Duration // longer by the guest's clocks
	// quiet: nobody outside says anything while the guest sleeps, so that there is no reason
	// to give up any link. Otherwise a process outside talks, and a call waits for the guest.
	quiet bool
	fate  fate
	// depart: the guest's network is gone before it sleeps, and returns so long after.
	depart time.Duration
}

// result is what came of it. Times are of this side, except those in wake.
type result struct {
	nap
	wake                side.Wake
	before              side.State
	outsideBefore       side.Instance
	outsideAfter        side.Instance
	suspended, woken    time.Time // by the virtual machine
	thawed              time.Time // its programs ran again
	back                time.Time // it had a network again
	called              time.Time // the hub outside had its answer
	callError           error
	flows               int
	logsBefore, logsNow side.Logs // followed outside
}

// slept is how long the guest must have slept by its own clocks.
func (r *result) slept() time.Duration { return r.woken.Sub(r.suspended) + r.leap }

// take has the guest sleep. On an error the lab is of no use any more.
func (l *lab) take(t *testing.T, n nap) *result {
	t.Helper()
	if n.length == 0 {
		n.length = usualNap
	}
	r := &result{nap: n, before: l.state}
	if err := l.run(t.Context(), r); err != nil {
		l.broken = fmt.Errorf("%s: %w", n.name, err)
		t.Fatal(l.broken)
	}
	l.state = r.wake.State
	l.results = append(l.results, r)
	return r
}

func (l *lab) run(ctx context.Context, r *result) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	if r.outsideBefore, err = l.outside.hub.Instance(ctx); err != nil {
		return err
	}
	if r.quiet {
		if err := l.outside.instance.Quiet(); err != nil {
			return err
		}
		time.Sleep(settle)
	}
	if err := l.suspend(r); err != nil {
		return err
	}
	r.logsBefore = l.outside.follower.Logs()
	called := make(chan error, 1)
	call := func() {
		err := l.outside.hub.Call(ctx, l.outside.guest)
		r.called = time.Now()
		called <- err
	}
	if !r.quiet {
		go call()
	}
	if err := l.wake(r); err != nil {
		return err
	}
	if r.quiet {
		go call()
		if err := l.outside.instance.Busy(); err != nil {
			return err
		}
	}
	r.callError = <-called
	a, err := l.order(side.Order{Do: side.DoReport})
	if err != nil {
		return err
	}
	r.wake = *a.Wake
	if r.fate != kept {
		if err := heal(); err != nil {
			return err
		}
	}
	if r.outsideAfter, err = l.outside.hub.Instance(ctx); err != nil {
		return err
	}
	r.logsNow = l.outside.follower.Logs()
	return nil
}

// suspend puts the guest to sleep and breaks what is to break while it sleeps.
func (l *lab) suspend(r *result) (err error) {
	if err := l.send(side.Order{Do: side.DoSleep, Depart: r.depart > 0, Quiet: r.quiet}); err != nil {
		return err
	}
	if err := l.qemu.await("SUSPEND"); err != nil {
		return err
	}
	r.suspended = time.Now()
	r.flows, err = inflict(r.fate)
	return err
}

// wake wakes the guest when it has slept long enough.
func (l *lab) wake(r *result) error {
	if r.leap > 0 {
		l.ahead += r.leap
		if err := l.qemu.setAhead(l.ahead); err != nil {
			return err
		}
		r.length = max(r.length, 3*clockCache)
	}
	time.Sleep(time.Until(r.suspended.Add(r.length)))
	if err := l.qemu.execute("system_wakeup"); err != nil {
		return err
	}
	if err := l.qemu.await("WAKEUP"); err != nil {
		return err
	}
	r.woken = time.Now()
	if _, err := l.answer(); err != nil {
		return errors.Join(err, errors.New("the guest has not woken"))
	}
	r.thawed = time.Now()
	r.back = r.thawed
	if r.depart > 0 {
		time.Sleep(r.depart)
		if _, err := l.order(side.Order{Do: side.DoReturn}); err != nil {
			return err
		}
		r.back = time.Now()
	}
	return nil
}
