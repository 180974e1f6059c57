//go:build sleep && linux

package side

import "time"

// Order is what the guest shall do. The test sends one a line, and the guest one Answer to each.
type Order struct {
	Do string
	// File announces the instance outside, with DoStart.
	File []byte
	// Depart takes the guest's network away before it sleeps, with DoSleep.
	Depart bool
	// Quiet has the guest's instance silent when it falls asleep, with DoSleep.
	Quiet bool
}

// Orders.
const (
	DoStart  = "start"  // programs and session; answered when all are active
	DoSleep  = "sleep"  // answered when it has woken
	DoStep   = "step"   // sets the wall clock back; answered when that has been noticed
	DoReturn = "return" // puts back the network after a departure
	DoReport = "report" // answered when everything works again, or does not soon
	DoLogs   = "logs"
)

// Answer is the guest's.
type Answer struct {
	Error string
	File  []byte // announces the guest's instance
	Hello bool   // sent once, unasked, when the guest is up
	State *State // with DoStart
	Wake  *Wake  // with DoReport
	Logs  string
}

// State is how things stand in the guest.
type State struct {
	Hub     Instance // what the guest's hub says about the instance outside
	Session Session
	Logs    Logs
}

// Session is how one that was made with the library stands.
type Session struct {
	ID      string
	State   string
	Resumes uint64
	Trigger string // of the last resume
	RTT     time.Duration
}

// Wake is what a sleep was like. All times are the guest's wall clock.
type Wake struct {
	State
	Slept  time.Duration // by the kernel's clocks
	Thawed time.Time     // when programs ran again
	Back   time.Time     // when the network was back after a departure; else Thawed

	Events []PowerEvent
	// ProgramEvents are the lines in which hub and instance log theirs.
	HubEvents, InstanceEvents []string

	FirstByte     time.Time // the session's first on any connection
	SessionActive time.Time
	Echoed        time.Time // when a message had gone there and back
	Called        time.Time // when the hub had an answer from the instance
	CallError     string
	EchoError     string
	History       []Change
}

// PowerEvent is what a monitor of the guest's told.
type PowerEvent struct {
	Kind   string
	Source string
	Slept  time.Duration
	At     time.Time // when it was noticed
}
