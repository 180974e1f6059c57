package power

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/standardbeagle/brum/power/internal/system"
)

// onBus is a monitor that has logind on a private bus, and a clock that sleeps when told to.
type onBus struct {
	*Monitor
	events *Subscription
	slept  atomic.Int64
}

func watchBus(t *testing.T, b *bus) *onBus {
	t.Helper()
	m := &onBus{}
	began := time.Now()
	monitor, err := New(WithSystem(system.System{
		Clock: system.Clock{CountsSleep: true, Read: func() system.Reading {
			awake := time.Since(began)
			total := awake + time.Duration(m.slept.Load())
			return system.Reading{Awake: awake, Total: total, Wall: total}
		}},
		Network:  func() (system.Network, error) { return system.Network{}, nil },
		Backends: []system.Backend{logind{address: b.address, who: "brum-test"}.backend()},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { monitor.Close() })
	m.Monitor = monitor
	m.events = m.Subscribe()
	return m
}

func (m *onBus) backend() BackendStatus { return m.Status().Backends[0] }

func (m *onBus) await(t *testing.T, what string, ok func(BackendStatus) bool) {
	t.Helper()
	eventually(t, what, func() bool { return ok(m.backend()) })
}

func holds(b BackendStatus) bool  { return b.State == Active && b.Holds }
func active(b BackendStatus) bool { return b.State == Active }

// expect waits for events, written as tell has it.
func (m *onBus) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case e := <-m.events.C:
			if got := tell([]Event{e}); got != w {
				t.Fatalf("got %q, want %q", got, w)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no event comes; want %q", w)
		}
	}
}

// cycle is a sleep of an hour, of which logind tells.
func (m *onBus) cycle(t *testing.T, l *fakeLogind) {
	t.Helper()
	l.emit(true)
	within(t, "the Suspend", m.saw(t, Suspend))
	m.slept.Add(int64(time.Hour))
	l.emit(false)
	e := <-m.events.C
	if e.Kind != Resume || e.Slept != time.Hour {
		t.Fatalf("got %s", tell([]Event{e}))
	}
}

func (m *onBus) saw(t *testing.T, kind Kind) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		if e := <-m.events.C; e.Kind == kind {
			close(done)
		} else {
			t.Errorf("got %s", tell([]Event{e}))
		}
	}()
	return done
}

func TestLogindWaitsForHooks(t *testing.T) {
	b := newBus(t)
	l := newLogind(b).appear()
	m := watchBus(t, b)
	goOn := make(chan struct{})
	remove := m.OnSuspend(func(context.Context) { <-goOn })
	m.await(t, "the lock is held", holds)
	lock := l.lock(1)
	if got := strings.Join(lock.args, "|"); got != "sleep|brum-test|get connections ready for sleep|delay" {
		t.Errorf("Inhibit(%s)", got)
	}
	released := lock.released()
	l.emit(true)
	m.expect(t, "suspend 1 by logind")
	select {
	case <-released:
		t.Error("the lock is released although the hook runs")
	default:
	}
	close(goOn)
	within(t, "the lock is released", released)
	m.slept.Store(int64(time.Hour))
	l.emit(false)
	m.expect(t, "resume 1 slept 1h0m0s by logind")
	again := l.lock(2)
	m.await(t, "the lock is held again", holds)
	remove()
	within(t, "without hooks there is no lock", again.released())
}

func TestLogindIsNotKeptWaiting(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for name, hook := range map[string]func(context.Context){
		"a hook hangs":  func(context.Context) { <-stop },
		"a hook panics": func(context.Context) { panic("oops") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBus(t)
			l := newLogind(b)
			l.delay = 500_000
			l.appear()
			m := watchBus(t, b)
			m.OnSuspend(hook)
			m.await(t, "the lock is held", holds)
			released := l.lock(1).released()
			began := time.Now()
			l.emit(true)
			within(t, "the lock is released", released)
			if took := time.Since(began); took > 3*time.Second { // by default it would be 4 s
				t.Errorf("logind waits for half a second; it took %v", took)
			}
			l.emit(false)
			m.expect(t, "suspend 1 by logind", "suspend-canceled 1 by logind")
			l.lock(2)
		})
	}
}

func TestWithoutHooksThereIsNoLock(t *testing.T) {
	b := newBus(t)
	l := newLogind(b).appear()
	m := watchBus(t, b)
	m.await(t, "logind is watched", active)
	m.cycle(t, l)
	if n := l.count(); n != 0 {
		t.Errorf("%d locks", n)
	}
}

func TestG5_TheBusIsRestarted(t *testing.T) {
	b := newBus(t)
	newLogind(b).appear()
	m := watchBus(t, b)
	m.OnSuspend(func(context.Context) {})
	m.await(t, "the lock is held", holds)
	b.stop()
	m.await(t, "the loss is noticed", func(s BackendStatus) bool { return s.State == Failed && s.Err != nil && !s.Holds })
	b.start()
	l := newLogind(b).appear()
	m.await(t, "the lock is held again", holds)
	m.cycle(t, l)
}

func TestG5_LogindIsAbsentAndThenAppears(t *testing.T) {
	b := newBus(t)
	l := newLogind(b)
	m := watchBus(t, b)
	m.await(t, "it is said to be absent", func(s BackendStatus) bool { return s.State == Failed && s.Err == errNoLogind })
	l.appear()
	m.await(t, "it is watched", active)
	m.cycle(t, l)
}

func TestG5_NoBusAtAll(t *testing.T) {
	b := newBus(t)
	b.stop()
	m := watchBus(t, b)
	m.await(t, "the status says so", func(s BackendStatus) bool {
		return s.State == Failed && strings.Contains(s.Err.Error(), "connect to the system bus")
	})
}

func TestG5_LogindIsRestarted(t *testing.T) {
	b := newBus(t)
	first := newLogind(b).appear()
	m := watchBus(t, b)
	m.OnSuspend(func(context.Context) {})
	m.await(t, "the lock is held", holds)
	first.lock(1)
	first.conn.Close()
	m.await(t, "the lock is lost", func(s BackendStatus) bool { return !s.Holds })
	second := newLogind(b).appear()
	second.lock(1)
	m.await(t, "the lock is held again", holds)
	if n := m.backend().Fails; n != 0 {
		t.Errorf("it failed %d times", n)
	}
	m.cycle(t, second)
}

func TestG5_TheLockIsRefused(t *testing.T) {
	b := newBus(t)
	l := newLogind(b)
	l.refuse = "org.freedesktop.DBus.Error.AccessDenied"
	l.appear()
	m := watchBus(t, b)
	var ran atomic.Int32
	m.OnSuspend(func(context.Context) { ran.Add(1) })
	m.await(t, "the status says so", func(s BackendStatus) bool { return s.State == Active && !s.Holds && s.HoldErr != nil })
	m.cycle(t, l)
	eventually(t, "the hook runs nevertheless", func() bool { return ran.Load() == 1 })
	l.mu.Lock()
	l.refuse = ""
	l.mu.Unlock()
	m.cycle(t, l)
	m.await(t, "after a sleep it is asked for again", holds)
}

func TestG5_SignalsThatMakeNoSense(t *testing.T) {
	b := newBus(t)
	l := newLogind(b).appear()
	m := watchBus(t, b)
	m.await(t, "logind is watched", active)
	l.emit()
	l.emit("true")
	l.emit(true, true)
	l.emit(uint32(1))
	// Somebody else sends it, to all and straight to us.
	rogue := b.connect()
	rogue.Emit(login1Path, manager+".PrepareForSleep", true)
	for _, name := range names(t, rogue) {
		msg := &dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath:        dbus.MakeVariant(login1Path),
			dbus.FieldInterface:   dbus.MakeVariant(manager),
			dbus.FieldMember:      dbus.MakeVariant("PrepareForSleep"),
			dbus.FieldDestination: dbus.MakeVariant(name),
			dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(true)),
		}, Body: []any{true}}
		rogue.Send(msg, nil)
	}
	// The bus hands the rogue's messages on before it answers this.
	names(t, rogue)
	m.cycle(t, l)
	if n := m.backend().Hints; n != 2 {
		t.Errorf("%d signals were taken seriously", n)
	}
}

// names lists the clients of the bus.
func names(t *testing.T, conn *dbus.Conn) (unique []string) {
	t.Helper()
	var all []string
	if err := conn.BusObject().Call(busName+".ListNames", 0).Store(&all); err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		if strings.HasPrefix(n, ":") && n != conn.Names()[0] {
			unique = append(unique, n)
		}
	}
	return unique
}

func TestG5_EverySignalTwice(t *testing.T) {
	b := newBus(t)
	l := newLogind(b).appear()
	m := watchBus(t, b)
	m.OnSuspend(func(context.Context) {})
	m.await(t, "the lock is held", holds)
	for _, on := range []bool{true, true, false, false} {
		if !on {
			m.slept.Store(int64(time.Hour))
		}
		l.emit(on)
		if on {
			eventually(t, "it is heard", func() bool { return m.Status().Last.Kind == Suspend })
		}
	}
	m.expect(t, "suspend 1 by logind", "resume 1 slept 1h0m0s by logind")
	m.await(t, "the lock is held again", holds)
	m.slept.Add(int64(time.Hour))
	l.emit(false)
	m.expect(t, "resume 2 slept 1h0m0s by logind")
}

func TestASleepIsOnWhenWeCome(t *testing.T) {
	b := newBus(t)
	l := newLogind(b)
	l.preparing = true
	l.appear()
	m := watchBus(t, b)
	m.OnSuspend(func(context.Context) {})
	m.expect(t, "suspend 1 by logind")
	if n := l.count(); n != 0 {
		t.Error("a lock can't be had during a sleep")
	}
	l.emit(false)
	m.expect(t, "suspend-canceled 1 by logind")
	l.lock(1)
	m.await(t, "the lock is held", holds)
	l.emit(true)
	m.expect(t, "suspend 2 by logind")
	if n := l.count(); n != 1 {
		t.Errorf("%d locks", n)
	}
}

func TestCloseReleasesTheLock(t *testing.T) {
	b := newBus(t)
	l := newLogind(b).appear()
	m := watchBus(t, b)
	m.OnSuspend(func(context.Context) {})
	m.await(t, "the lock is held", holds)
	released := l.lock(1).released()
	m.Close()
	within(t, "the lock is released", released)
}
