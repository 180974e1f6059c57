package session

import (
	"fmt"
	"time"
)

// State says how a session is doing. Only Closed is final.
//
//	Connecting ─► Active ◄─► Suspect, Stalled
//	                │ ▲
//	                ▼ │
//	        Retrying or Detached          any ─► Closing ─► Closed
type State uint8

const (
	Connecting State = iota // never yet attached
	Active                  // attached
	Suspect                 // attached; a probe is out and its answer decides about the link
	Stalled                 // attached; the peer answers, but its application consumes nothing
	Retrying                // dialing side: no link, attempts are made
	Detached                // accepting side: no link, waiting for the peer to come back
	Closing                 // Close was called and the rest is being delivered
	Closed                  // ended; Err tells why
	stateCount
)

var stateNames = [stateCount]string{"connecting", "active", "suspect", "stalled", "retrying", "detached", "closing", "closed"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// Linked reports whether the session has a link in this state.
func (s State) Linked() bool { return s == Active || s == Suspect || s == Stalled }

// Trigger says what caused a change of state or an attempt to connect.
type Trigger uint8

const (
	TriggerNone    Trigger = iota
	TriggerStart           // the session began
	TriggerWake            // the system woke from sleep
	TriggerPause           // this process ran again after it had been stopped
	TriggerNetwork         // the network came back or changed
	TriggerTimeout         // the peer fell silent
	TriggerError           // the connection failed
	TriggerPeer            // the peer said so
	TriggerManual          // the application said so
)

var triggerNames = [...]string{"none", "start", "wake", "pause", "network", "timeout", "error", "peer", "manual"}

func (t Trigger) String() string {
	if int(t) < len(triggerNames) {
		return triggerNames[t]
	}
	return fmt.Sprintf("trigger(%d)", uint8(t))
}

// Change is one change of a session's state.
type Change struct {
	From, To State
	Trigger  Trigger // what ended the last link or, for the first, TriggerStart
	At       time.Time
	// Outage is how long there was no link, in a change to Active after one was lost.
	Outage time.Duration
	// Resume is how long the attempt took that brought the link, on the dialing side.
	Resume time.Duration
	// Attempt numbers the link: it grows with every connection attempt and fences off
	// older links.
	Attempt uint64
	// Silence is for how long nothing had arrived when the link was given up: the outage began
	// within that time. It is set in the change away from a link and in the one to the next.
	Silence time.Duration
	// Dials is how many attempts the dialing side has made for this link, in the change to it.
	Dials int
	// Replayed is the number of frames that had to be sent again.
	Replayed uint64
	// Duplicates is how many frames were received again and dropped, in all of the session so far.
	Duplicates uint64
	// Err is what ended the link or the session, where something did.
	Err error
}
