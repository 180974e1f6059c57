package power

import (
	"strconv"
	"time"
)

// Kind says what happened.
type Kind uint8

const (
	// Suspend: the machine is about to sleep. It may be the last that is heard before it does,
	// and may be missing before a Resume: not every system, or sleep, announces itself.
	Suspend Kind = iota + 1
	// SuspendCanceled: the sleep that Suspend announced failed or was called off.
	SuspendCanceled
	// Resume: the machine has slept and is awake. There is one for each sleep, however many
	// sources tell of it.
	Resume
	// DarkWake: the machine has slept, and is awake only for chores; it will sleep again without
	// a Suspend. macOS does so, up to once a minute. Whoever reconnects on it drains batteries.
	DarkWake
	// NetworkDown: the last routable address or the default route is gone.
	NetworkDown
	// NetworkUp: there is a default route and a routable address again.
	NetworkUp
	// NetworkChange: default route or routable addresses are others than before.
	NetworkChange
	// ClockStep: the wall clock was set, without a sleep.
	ClockStep
)

var kindNames = [...]string{
	Suspend: "suspend", SuspendCanceled: "suspend-canceled", Resume: "resume", DarkWake: "dark-wake",
	NetworkDown: "network-down", NetworkUp: "network-up", NetworkChange: "network-change", ClockStep: "clock-step",
}

// String returns a name such as "network-up".
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Network says whether k is about networks.
func (k Kind) Network() bool { return k == NetworkDown || k == NetworkUp || k == NetworkChange }

// Source names the backend that told of an event.
type Source string

const (
	Logind    Source = "logind"    // systemd-logind, over D-Bus
	Timerfd   Source = "timerfd"   // Linux: the wall clock was set, or the machine woke
	Rtnetlink Source = "rtnetlink" // Linux: interfaces, addresses and routes
	IOKit     Source = "iokit"     // macOS: power of the system
	RouteSock Source = "route"     // macOS and BSD: the routing socket
	Powrprof  Source = "powrprof"  // Windows: suspend and resume
	IPHelper  Source = "iphlpapi"  // Windows: interfaces, addresses and routes
	Winsock   Source = "winsock"   // Windows: IPv4 addresses
	Clock     Source = "clock"     // anywhere: the clocks, looked at now and then
	Poll      Source = "poll"      // anywhere: the interfaces, looked at now and then
	Manual    Source = "manual"    // Monitor.Inject
)

// Event is something that happened to the machine.
type Event struct {
	Kind Kind
	// Time is when it was noticed, by the wall clock. It has no monotonic reading.
	Time time.Time
	// Slept is how long the machine slept: with Resume since the Resume before, with DarkWake
	// since either. Zero means that the system does not tell.
	Slept time.Duration
	// Sleep numbers the sleeps that this monitor knows of. Events with the same number tell of
	// the same one; with the kinds for networks and clocks it is that of the last sleep.
	Sleep uint64
	// Source is who told of it first.
	Source Source
	// Inferred: there was a jump of the wall clock and no better witness, as where a virtual
	// machine was paused.
	Inferred bool
	// Net is what is new, with the kinds for networks; nil with others. All subscribers share it:
	// it must not be changed.
	Net *NetChange
}
