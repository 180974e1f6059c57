package power

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Monitor watches sleep and networks of the machine. Make one with New. Its methods may be called
// from any goroutine.
type Monitor struct {
	options options
	system  system.System
	log     *slog.Logger
	began   system.Reading

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	wake    chan struct{} // there is something for loop

	// mu guards what follows. Nothing is waited for, and nobody called, while it is held; the
	// clock is read before.
	mu       sync.Mutex
	closed   bool
	judge    judge
	net      netWatch
	subs     map[*Subscription]struct{}
	hooks    hooks
	backends []*backend
	changed  chan struct{} // closed, and made anew, when a backend becomes active or stops
	last     Event
	counts   [len(kindNames)]uint64 // of events
}

// New starts a monitor. A backend that is missing or fails never makes it fail: the others go on,
// and Status tells. An error is about an option.
func New(opts ...Option) (*Monitor, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	if o.system == nil {
		s := native(o)
		o.system = &s
	}
	m := &Monitor{
		options: o, system: *o.system, log: o.log, began: o.system.Clock.Read(),
		wake: make(chan struct{}, 1), changed: make(chan struct{}),
		subs: make(map[*Subscription]struct{}), hooks: newHooks(),
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.judge = newJudge(m.system.Clock.CountsSleep, m.system.MayPause || !m.system.Clock.CountsSleep, m.began)
	m.net.init(m.snapshot())
	for _, b := range m.system.Backends {
		m.backends = append(m.backends, &backend{Backend: b, m: m})
	}
	for _, b := range m.backends {
		m.running.Go(b.supervise)
	}
	m.running.Go(m.loop)
	return m, nil
}

// Close stops watching, lets the system sleep if hooks held it up, cancels the contexts of hooks
// that still run, and closes all subscriptions. It waits for everything but such hooks. Later
// calls do nothing.
func (m *Monitor) Close() error {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		for s := range m.subs {
			delete(m.subs, s)
			close(s.c)
		}
	}
	m.mu.Unlock()
	m.cancel()
	m.running.Wait()
	return nil
}

// SleepTime is how long the machine has slept since New, also while no event has told of it yet.
// It is 0 for ever where Status.SleepClock is false.
func (m *Monitor) SleepTime() time.Duration {
	return max(0, m.system.Clock.Read().Slept()-m.began.Slept())
}

// AwakeTime is how long the machine has been awake since New. Unlike Go's time, which runs on
// during sleep on Windows and stands still on Linux and macOS, it never counts sleep: this is
// what to measure the silence of a peer with.
func (m *Monitor) AwakeTime() time.Duration {
	return m.system.Clock.Read().Awake - m.began.Awake
}

// Inject tells the monitor what the program has learned elsewhere, such as from a GUI toolkit
// or from a user. It is one more source: of a Resume that was noticed already there is none
// again. Kinds for networks make it look at the networks, and come out as what is found there.
// Only Kind is read.
func (m *Monitor) Inject(e Event) {
	hint, ok := map[Kind]system.HintKind{
		Suspend: system.AboutToSleep, SuspendCanceled: system.Canceled, Resume: system.Woke,
		DarkWake: system.Look, ClockStep: system.ClockSet,
		NetworkDown: system.NetworkChanged, NetworkUp: system.NetworkChanged, NetworkChange: system.NetworkChanged,
	}[e.Kind]
	if ok {
		m.report(Manual, system.Hint{Kind: hint})
	}
}

// report takes a hint from anywhere.
func (m *Monitor) report(from Source, h system.Hint) {
	if h.Kind == system.NetworkChanged {
		m.networkHint(from)
		return
	}
	reading := m.system.Clock.Read()
	var wait *suspension
	m.update(func() []Event {
		events := m.judge.hint(h.Kind, from, reading)
		if h.Kind == system.AboutToSleep {
			wait = m.hooks.suspension(m, events, h)
		}
		return events
	})
	m.poke()
	if h.Kind == system.AboutToSleep {
		m.holdUp(wait, h)
	}
}

// update runs f under the lock and hands around the events that it returns.
func (m *Monitor) update(f func() []Event) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return
	}
	events := f()
	for _, e := range events {
		m.last = e
		m.counts[e.Kind]++
		switch e.Kind {
		case Resume:
			m.net.hint(e.Source)
			m.hooks.over()
		case SuspendCanceled, DarkWake:
			m.hooks.over()
		}
		for s := range m.subs { // whoever knows of the event finds the contexts of hooks done
			s.push(e)
		}
	}
	m.mu.Unlock()
	for _, e := range events {
		m.log.Debug("power event", "kind", e.Kind.String(), "source", string(e.Source), "slept", e.Slept, "inferred", e.Inferred)
	}
}

// poke makes loop look at what there is to do.
func (m *Monitor) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// loop does what is due: dark wakes are decided, networks looked at.
func (m *Monitor) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-m.wake:
		case <-timer.C:
		}
		if next, ok := m.due(); ok {
			timer.Reset(next)
		} else {
			timer.Stop()
		}
	}
}

// due does what is due and returns how long it is until there is more.
func (m *Monitor) due() (next time.Duration, ok bool) {
	now := m.system.Clock.Read()
	look := false
	m.update(func() []Event {
		events := m.judge.tick(now)
		look = m.net.begin(now.Awake)
		return events
	})
	if look {
		m.lookAtNetwork()
	}
	now = m.system.Clock.Read()
	m.mu.Lock()
	defer m.mu.Unlock()
	next = 1<<63 - 1
	if at, set := m.judge.deadline(); set {
		next, ok = at-now.Awake, true
	}
	if at, set := m.net.deadline(); set {
		next, ok = min(next, at-now.Awake), true
	}
	return max(0, next), ok
}
