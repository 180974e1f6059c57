package api

import "time"

// Timeline is how all instances fared, and what happened to the machine and the hub meanwhile.
type Timeline struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Events    []Event   `json:"events"`    // oldest first
	Instances []Track   `json:"instances"` // those that are there, in order of id
}

// Track is how one instance fared.
type Track struct {
	ID    string `json:"id"`
	Spans []Span `json:"spans"` // without holes, oldest first; none if nothing is known
}

// Span begins a time in which an instance was in one state; it ends where the next begins.
type Span struct {
	From  time.Time `json:"from"`
	State State     `json:"state"` // "": not known, there was no hub
}

// Event is something that happened to the machine or the hub.
type Event struct {
	At   time.Time `json:"at"`
	Kind EventKind `json:"kind"`
	// ForMillis is how long the machine slept, with a wake; 0 if that is not known.
	ForMillis float64 `json:"for_ms,omitempty"`
	Detail    string  `json:"detail,omitempty"`
}

// EventKind is what happened.
type EventKind string

const (
	EventSleep   EventKind = "sleep" // the machine is about to sleep
	EventWake    EventKind = "wake"
	EventOffline EventKind = "offline"
	EventOnline  EventKind = "online"
	EventNetwork EventKind = "network" // the path has changed
	EventHub     EventKind = "hub"     // the hub began
	EventHubEnd  EventKind = "hub_end"
)

// TimelineQuery selects a part of the timeline.
type TimelineQuery struct {
	Since    time.Duration // how far back; 0 means DefaultTimeline
	Instance string        // a reference; "" means all
}

// Limits of a timeline.
const (
	DefaultTimeline = 6 * time.Hour
	MaxTimeline     = 7 * 24 * time.Hour
)
