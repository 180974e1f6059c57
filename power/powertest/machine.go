package powertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/internal/system"
)

// Source is what events of a Machine name as theirs.
const Source power.Source = "powertest"

// Machine is a made-up machine and the Monitor that watches it. Its methods may be called from
// any goroutine, but a script makes sense only from one.
type Machine struct {
	// Monitor is a real one. It is closed when the test ends.
	*power.Monitor

	t    testing.TB
	self backend

	mu      sync.Mutex // guards what follows; it is not held while anything is reported
	clock   clock
	network Network
	blind   error
}

// Budget is how long the machine lets hooks delay its sleep.
const Budget = 4 * time.Second

// New starts a machine that is awake and has the network Home.
func New(t testing.TB, opts ...power.Option) *Machine {
	t.Helper()
	m := &Machine{t: t, network: Home, clock: clock{began: time.Now()}, self: newBackend()}
	monitor, err := power.New(append(opts, power.WithSystem(system.System{
		Clock:   system.Clock{CountsSleep: true, Read: m.read},
		Network: m.look,
		Backends: []system.Backend{
			{Name: string(Source), Role: system.SleepRole, AnnouncesWake: true, Run: m.self.run},
			{Name: string(Source), Role: system.NetworkRole, Run: func(ctx context.Context, sink system.Sink) error {
				sink.Ready()
				<-ctx.Done()
				return nil
			}},
		},
	}))...)
	if err != nil {
		t.Fatal(err)
	}
	m.Monitor = monitor
	t.Cleanup(func() { monitor.Close() })
	<-m.self.ready
	return m
}

// Suspend announces a sleep, and returns when the hooks are done or their time is up, as a
// system would wait.
func (m *Machine) Suspend() {
	done := make(chan struct{})
	if m.self.report(system.Hint{Kind: system.AboutToSleep, Budget: Budget, Ack: func() { close(done) }}) {
		<-done
	}
}

// SuspendCanceled says that the sleep that was announced will not be.
func (m *Machine) SuspendCanceled() { m.self.report(system.Hint{Kind: system.Over}) }

// Sleep has the machine asleep for d, at once: the clocks show it, and nobody is told.
func (m *Machine) Sleep(d time.Duration) { m.set(func(c *clock) { c.slept += d }) }

// Resume tells of a full wake. Without a Sleep before, it means that there was none.
func (m *Machine) Resume() { m.self.report(system.Hint{Kind: system.Over}) }

// DarkWake has the machine awake for moments after a Sleep, with no full wake announced.
func (m *Machine) DarkWake() {
	m.self.report(system.Hint{Kind: system.Look})
	m.set(func(c *clock) { c.passed += longEnough })
	m.self.report(system.Hint{Kind: system.Look})
}

// longEnough is by when a full wake would have been announced.
const longEnough = 5 * time.Second

// ClockStep sets the wall clock ahead by d, or back.
func (m *Machine) ClockStep(d time.Duration) {
	m.set(func(c *clock) { c.stepped += d })
	m.self.report(system.Hint{Kind: system.ClockSet})
}

// SetNetwork gives the machine other networks. A repeat of what it has amounts to the noise that
// systems make.
func (m *Machine) SetNetwork(n Network) {
	m.t.Helper()
	if _, err := n.raw(); err != nil {
		m.t.Fatal(err)
	}
	m.mu.Lock()
	m.network = n
	m.mu.Unlock()
	m.self.report(system.Hint{Kind: system.NetworkChanged})
}

// Break makes what watches sleep fail with err, until Mend. Nothing is told meanwhile.
func (m *Machine) Break(err error) { m.self.fail(err) }

// Mend lets it work again. The monitor tries within a second, or thirty if it was broken for
// long.
func (m *Machine) Mend() { m.self.fail(nil) }

// Refuse makes the machine refuse, with err, to delay its sleep for hooks; nil allows it again. It
// shows in Status; a script that suspends the machine nevertheless waits for them.
func (m *Machine) Refuse(err error) { m.self.refuse(err) }

// Blind makes looks at the networks fail with err; nil lets them succeed again.
func (m *Machine) Blind(err error) {
	m.mu.Lock()
	m.blind = err
	m.mu.Unlock()
	m.self.report(system.Hint{Kind: system.NetworkChanged})
}

func (m *Machine) read() system.Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock.read()
}

func (m *Machine) set(f func(*clock)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.clock)
}

func (m *Machine) look() (system.Network, error) {
	m.mu.Lock()
	n, err := m.network, m.blind
	m.mu.Unlock()
	if err != nil {
		return system.Network{}, err
	}
	return n.raw()
}
