//go:build iokitfake && !darwin

package iokit

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

func against(from libraries) system.Backend { return polling(from, time.Hour) }

// polling is the backend of a machine that never slept.
func polling(from libraries, every time.Duration) system.Backend {
	witness, _ := wakingAt(0)
	return backend("iokit", from, every, witness)
}

func TestSleepAndWake(t *testing.T) {
	clean(t)
	s := newSink(t, true)
	witness, wake := wakingAt(100)
	stop := s.run(backend("iokit", fake.libraries, time.Hour, witness))

	fake.send(0xe0000270, 1)
	answered(t, 1) // nobody is asked
	s.none()
	fake.send(0xe0000280, 2)
	h := s.next(system.AboutToSleep)
	if h.Budget != 5*time.Second {
		t.Errorf("hooks have %v, want 5 s", h.Budget)
	}
	unanswered(t, 2)
	h.Ack()
	answered(t, 2)
	fake.send(0xe0000320, 3)
	fake.send(0xe0000300, 4)
	s.next(system.Over) // so far nothing proves that it slept
	fake.send(0xe0000290, 5)
	s.next(system.Canceled)
	wake.Store(200)
	fake.send(0xe0000300, 6)
	s.next(system.Woke)
	for id := range uintptr(4) {
		unanswered(t, 3+id)
	}
	if !s.held.Load() {
		t.Error("it does not say that it makes the system wait")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestNobodyNeedsTime(t *testing.T) {
	clean(t)
	s := newSink(t, false)
	stop := s.run(against(fake.libraries))
	fake.send(0xe0000280, 1)
	if h := s.next(system.AboutToSleep); h.Ack != nil {
		t.Error("the system waits, although nobody wants it to")
	}
	answered(t, 1)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestDarkWakesAreLookedFor(t *testing.T) {
	clean(t)
	s := newSink(t, false)
	stop := s.run(polling(fake.libraries, time.Millisecond))
	s.next(system.Look)
	s.next(system.Look)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestMonitorsShareARegistration(t *testing.T) {
	clean(t)
	before := fake.registrations()
	a, b, idle := newSink(t, true), newSink(t, true), newSink(t, false)
	stopA, stopB, stopIdle := a.run(against(fake.libraries)), b.run(against(fake.libraries)), idle.run(against(fake.libraries))
	if n := fake.registrations() - before; n != 1 {
		t.Errorf("three monitors registered %d times", n)
	}
	fake.send(0xe0000280, 1)
	idle.next(system.AboutToSleep)
	ackA, ackB := a.next(system.AboutToSleep).Ack, b.next(system.AboutToSleep).Ack
	ackA()
	ackA()
	unanswered(t, 1) // b is not done
	ackB()
	answered(t, 1)

	if err := stopA(); err != nil {
		t.Error(err)
	}
	fake.send(0xe0000300, 2)
	b.next(system.Over)
	a.none()
	for _, stop := range []func() error{stopB, stopIdle} {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	if n := fake.left(); n != 0 {
		t.Errorf("the last one left, and %d things with nobody", n)
	}
}

// Stopping may fall into any phase of starting.
func TestStopAtAnyTime(t *testing.T) {
	clean(t)
	for i := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*20*time.Microsecond)
		s := newSink(t, false)
		if err := against(fake.libraries).Run(ctx, s); err != nil {
			t.Fatal(err)
		}
		cancel()
		if n := fake.left(); n != 0 {
			t.Fatalf("round %d left %d things", i, n)
		}
	}
}

func TestStopWhileTheSystemWaits(t *testing.T) {
	clean(t)
	s := newSink(t, true)
	stop := s.run(against(fake.libraries))
	fake.send(0xe0000280, 1)
	ack := s.next(system.AboutToSleep).Ack
	if err := stop(); err != nil {
		t.Error(err)
	}
	ack() // comes too late, and must do no harm
	unanswered(t, 1)
}

func TestPanickingListener(t *testing.T) {
	clean(t)
	s := newSink(t, true)
	s.panics = true
	done := make(chan error, 1)
	go func() { done <- against(fake.libraries).Run(t.Context(), s) }()
	<-s.ready
	fake.send(0xe0000280, 1)
	answered(t, 1) // the machine sleeps nevertheless
	if err := <-done; err == nil || !strings.Contains(err.Error(), "SystemWillSleep: out of order") {
		t.Errorf("error %v, want the panic", err)
	}
	s.panics = false
	stop := s.run(against(fake.libraries)) // and it can be run again
	fake.send(0xe0000300, 2)
	s.next(system.Over)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestSystemRefuses(t *testing.T) {
	clean(t)
	fake.refuse(1)
	err := against(fake.libraries).Run(t.Context(), newSink(t, true))
	if err == nil || !strings.Contains(err.Error(), "IORegisterForSystemPower") {
		t.Errorf("error %v, want one that names IORegisterForSystemPower", err)
	}
}

func TestRunLoopEnds(t *testing.T) {
	clean(t)
	s := newSink(t, true)
	done := make(chan error, 1)
	go func() { done <- against(fake.libraries).Run(t.Context(), s) }()
	<-s.ready
	fake.breakRun()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "CFRunLoopRunInMode") {
		t.Errorf("error %v, want one that names CFRunLoopRunInMode", err)
	}
}

func TestMissingParts(t *testing.T) {
	clean(t)
	for want, from := range map[string]libraries{
		"load IOKit":                    {ioKit: "/nonexistent", coreFoundation: fake.coreFoundation},
		"load CoreFoundation":           {ioKit: fake.ioKit, coreFoundation: "/nonexistent"},
		"find IORegisterForSystemPower": {ioKit: "libc.so.6", coreFoundation: fake.coreFoundation},
		"find CFRunLoopGetCurrent":      {ioKit: fake.ioKit, coreFoundation: "libc.so.6"},
	} {
		err := against(from).Run(t.Context(), newSink(t, true))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A listener that never answers costs the system patience, and no more.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop(2)
		l.listeners.Add(func(message, func()) {})
		l.hear(willSleep, 7)
		time.Sleep(19 * time.Second)
		if answers, _, _ := l.takeMail(); len(answers) != 0 {
			t.Error("answered although a listener is at it")
		}
		time.Sleep(2 * time.Second)
		if answers, _, _ := l.takeMail(); len(answers) != 1 || answers[0] != 7 {
			t.Errorf("answers %v, want one to message 7", answers)
		}
	})
}

func TestWitnessOfTheFirstSleep(t *testing.T) {
	clean(t)
	s := newSink(t, false)
	witness, wake := wakingAt(0)
	stop := s.run(backend("iokit", fake.libraries, time.Hour, witness))
	wake.Store(200)
	fake.send(0xe0000300, 1)
	s.next(system.Woke)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// Who comes after a loop has failed gets another one, even before all others have noticed.
func TestJoinAfterFailure(t *testing.T) {
	clean(t)
	failed := join(libraries{ioKit: "/nonexistent"})
	<-failed.done
	next := join(fake.libraries)
	<-next.ready
	leave(failed)
	s := newSink(t, false)
	if err := s.run(against(fake.libraries))(); err != nil {
		t.Error(err)
	}
	if ended(next) {
		t.Error("it ended although somebody listens")
	}
	leave(next)
}
