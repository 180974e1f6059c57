package power

import (
	"slices"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// State is that of a backend.
type State uint8

const (
	Starting State = iota // it has not begun to watch
	Active                // it watches
	Standby               // a better one watches
	Failed                // it does not work; Err tells why
)

// String returns a name such as "active".
func (s State) String() string {
	return [...]string{"starting", "active", "standby", "failed"}[s]
}

// Status tells how a monitor gets to know things, for people who want to know why it does not.
type Status struct {
	// Backends are all sources that this system may have, the best first.
	Backends []BackendStatus
	// SleepClock: there is a clock that counts sleep, so that Slept is exact.
	SleepClock bool
	// Clocks are those of the system, now.
	Clocks Clocks
	// Hooks is the number of OnSuspend hooks.
	Hooks int
	// Last is the last event; its Kind is 0 if there was none.
	Last Event
	// Events is how many there were of each kind; all kinds are in it.
	Events map[Kind]uint64
	// Network is as Monitor.Network has it; NetworkErr is why the last look at it failed.
	Network    NetState
	NetworkErr error
}

// Clocks is one look at the clocks of the system.
type Clocks struct {
	Wall  time.Time     // what the wall clock says; it has no monotonic reading
	Awake time.Duration // how long the system has been awake since it was started
	Slept time.Duration // and asleep: the sleep counter; 0 without SleepClock
}

// BackendStatus tells of one source.
type BackendStatus struct {
	Source  Source
	Watches string // "sleep" or "network"
	State   State
	Err     error     // why it failed, with Failed
	Since   time.Time // of the state
	Fails   int       // how often it has failed
	Hints   uint64    // how often it had something to say
	// Holds: the system would wait for the hooks before it sleeps. HoldErr is why it would not
	// although there are hooks.
	Holds   bool
	HoldErr error
}

// Status returns what holds now.
func (m *Monitor) Status() Status {
	r := m.system.Clock.Read()
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Status{
		SleepClock: m.system.Clock.CountsSleep, Clocks: Clocks{r.Time(), r.Awake, max(0, r.Slept())}, Hooks: len(m.hooks.list), Last: m.last,
		Network: m.net.state.clone(), NetworkErr: m.net.err, Events: make(map[Kind]uint64),
	}
	for k := Suspend; int(k) < len(m.counts); k++ {
		s.Events[k] = m.counts[k]
	}
	for _, b := range m.backends {
		watches := "sleep"
		if b.Role == system.NetworkRole {
			watches = "network"
		}
		s.Backends = append(s.Backends, BackendStatus{
			Source: Source(b.Name), Watches: watches, State: b.state, Err: b.err, Since: b.since,
			Fails: b.fails, Hints: b.hints, Holds: b.held, HoldErr: b.heldErr,
		})
	}
	return s
}

// clone keeps callers from the monitor's own slices.
func (s NetState) clone() NetState {
	s.Addrs, s.Present, s.Near = slices.Clone(s.Addrs), slices.Clone(s.Present), slices.Clone(s.Near)
	return s
}
