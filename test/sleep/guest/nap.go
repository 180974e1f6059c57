//go:build sleep && linux

package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// settle is how long it takes until all is acknowledged that was under way.
const settle = 300 * time.Millisecond

// nap is one sleep.
type nap struct {
	began  time.Time
	slept  time.Duration
	fell   time.Time // asleep, or a moment before
	middle time.Time // of the sleep, by the wall clock
	thawed time.Time
	back   time.Time // when the network returned; zero if it was never away
	// heard is how many events there had been before, logged how many sleeps hub and instance had
	// noticed.
	heard  int
	logged [2]int

	called, echoed       time.Time
	callError, echoError error
	first                sync.WaitGroup // of the first call and message after the sleep
}

// sleep puts the machine to sleep the way its users do, and returns when it has woken. What is
// to be done first thing is under way then.
func (m *machine) sleep(o side.Order) error {
	if o.Quiet {
		if err := m.instance.Quiet(); err != nil {
			return err
		}
		time.Sleep(settle)
	}
	if o.Depart {
		if err := m.leaveNetwork(); err != nil {
			return err
		}
	}
	n := m.newNap()
	m.nap = n
	thaw := make(chan error, 1)
	go func() { thaw <- n.await() }()
	if err := run("systemctl", "suspend"); err != nil {
		return err
	}
	if err := <-thaw; err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	n.first.Go(func() {
		n.callError = m.hub.Call(ctx, m.outside)
		n.called = now()
	})
	n.first.Go(func() {
		n.echoError = m.session.echo(ctx)
		n.echoed = now()
	})
	go func() {
		n.first.Wait()
		cancel()
	}()
	return m.instance.Busy()
}

func (m *machine) newNap() *nap {
	return &nap{began: now(), heard: m.session.heard(), logged: [2]int{len(m.hub.Lines(resumeLogged)), len(m.instance.Lines(resumeLogged))}}
}

// noticed adds to w what has been noticed since n began.
func (m *machine) noticed(n *nap, w *side.Wake) {
	w.Events = m.session.eventsFrom(n.heard)
	w.HubEvents = m.hub.Lines(resumeLogged)[n.logged[0]:]
	w.InstanceEvents = m.instance.Lines(resumeLogged)[n.logged[1]:]
}

// await returns when the machine has slept. It looks at the clocks itself, and takes nobody's
// word.
func (n *nap) await() error {
	const look, least = 2 * time.Millisecond, 300 * time.Millisecond
	before, deadline := sleepClock(), time.Now().Add(patience)
	for awake := now(); time.Now().Before(deadline); awake = now() {
		time.Sleep(look)
		if slept := sleepClock() - before; slept > least {
			n.slept, n.fell, n.middle, n.thawed = slept, awake, awake.Add(slept/2), now()
			return nil
		}
	}
	return fmt.Errorf("no sleep in %v", patience)
}

// sleepClock is how long the machine has slept since it was started.
func sleepClock() time.Duration {
	var boot, awake unix.Timespec
	err := errors.Join(unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot), unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake))
	if err != nil {
		panic("BUG: Linux has these clocks: " + err.Error())
	}
	return time.Duration(boot.Nano() - awake.Nano())
}

// report tells what the last sleep was like.
func (m *machine) report(ctx context.Context) (*side.Wake, error) {
	n := m.nap
	n.first.Wait()
	time.Sleep(time.Until(n.thawed.Add(late)))
	if err := m.hub.WaitActive(ctx); err != nil {
		return nil, err
	}
	state, err := m.state(ctx)
	if err != nil {
		return nil, err
	}
	w := &side.Wake{
		State: state, Slept: n.slept, Thawed: n.thawed, Back: n.thawed,
		FirstByte:     m.session.wrote.after(n.fell), // a session is held before a sleep, and says nothing
		SessionActive: m.session.activeAfter(n.middle),
		Echoed:        n.echoed, Called: n.called,
		CallError: text(n.callError), EchoError: text(n.echoError),
	}
	if !n.back.IsZero() {
		w.Back = n.back
	}
	m.noticed(n, w)
	w.History, err = m.hub.History(ctx, m.outside, n.began)
	return w, err
}

// late is how long after programs run again something may still be noticed: systemd announces
// the end of the sleep after it.
const late = 1500 * time.Millisecond

// resumeLogged is the line in which a program logs that it noticed a sleep, as text or as JSON.
var resumeLogged = regexp.MustCompile(`power event.*kind"?[=:]"?resume\b`)

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
