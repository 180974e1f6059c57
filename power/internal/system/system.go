// Package system is the contract between what an operating system tells about sleep and
// networks and the monitor that judges it. What is in here is raw: clocks, hints and
// snapshots. What they mean is decided in package power, the same way on every system.
package system

import (
	"context"
	"time"
)

// System is all that a monitor learns of the machine it runs on.
type System struct {
	Clock Clock
	// Network looks at the interfaces, their addresses and the default routes, now. It is
	// called by one goroutine at a time and may take milliseconds.
	Network func() (Network, error)
	// Backends tell when it is time to look.
	Backends []Backend
	// MayPause says that a host can stop this machine without its clocks noticing: a virtual
	// machine. There, a wall clock that jumps ahead may be the end of a pause.
	MayPause bool
}

// Role is what a backend watches.
type Role uint8

const (
	SleepRole Role = iota + 1
	NetworkRole
)

// Backend is one source of hints. It decides nothing.
type Backend struct {
	// Name is the Source of events that this backend brings about, such as "logind".
	Name string
	Role Role
	// Fallback: it runs only while no other backend of its role is active, partial ones aside.
	Fallback bool
	// Partial: there are changes that it does not tell of.
	Partial bool
	// AnnouncesWake: it reports every full wake, with Over or Woke, within moments. While such a
	// backend is active, a sleep that nobody announces the end of was a dark wake.
	AnnouncesWake bool
	// Run reports hints until ctx is done, then returns at once and leaves nothing behind. It
	// calls sink.Ready when it has begun to watch. An error says why it is not available; it is
	// run again after a while, unless the error is errors.ErrUnsupported. It may be run again
	// only after it has returned.
	Run func(ctx context.Context, sink Sink) error
}

// Sink takes what a backend has to say. Its methods never block and may be called from any
// goroutine or thread, also after Run has returned.
type Sink interface {
	// Ready says that from now on nothing is missed. It makes the monitor look at clocks and
	// networks, as something may have been missed before.
	Ready()
	// Report hands over a hint.
	Report(Hint)
	// Hold says whether the backend should make the system wait before it sleeps (hooks are
	// waiting), and gives a channel that is closed when that changes.
	Hold() (wanted bool, changed <-chan struct{})
	// Holding says whether it does. A nil error with held false means that it is not asked to;
	// otherwise err tells why it could not.
	Holding(held bool, err error)
}

// Hint is something that a system said.
type Hint struct {
	Kind HintKind
	// Ack lets the system go on to sleep. Only with AboutToSleep; may be nil. The monitor calls
	// it exactly once, within Budget, whatever happens, from any goroutine.
	Ack func()
	// Budget is how long the system waits for Ack, with a margin already taken off.
	Budget time.Duration
}

// HintKind says what a hint is about.
type HintKind uint8

const (
	// AboutToSleep: the system is going to sleep, unless it changes its mind.
	AboutToSleep HintKind = iota + 1
	// Canceled: the sleep that was announced will certainly not be.
	Canceled
	// Over: a sleep, or an attempt at one, is over. The sleep counter tells which.
	Over
	// Woke: the machine has certainly slept, and is awake.
	Woke
	// Look: the machine may have slept; the clocks know. It is cheap.
	Look
	// ClockSet: the wall clock was set, or the machine woke. The clocks know.
	ClockSet
	// NetworkChanged: something about interfaces, addresses or routes may be new.
	NetworkChanged
)
