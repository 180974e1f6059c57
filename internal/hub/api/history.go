package api

import "time"

// History is the latest state changes of one instance, oldest first. They outlive the hub.
type History struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Dropped uint64   `json:"dropped"` // older changes that this hub has forgotten
	Changes []Change `json:"changes"`
}

// Change of an instance's state.
type Change struct {
	At           time.Time `json:"at"`
	From         State     `json:"from"`
	To           State     `json:"to"`
	Trigger      string    `json:"trigger"`
	OutageMillis float64   `json:"outage_ms,omitempty"`
	ResumeMillis float64   `json:"resume_ms,omitempty"`
	SessionID    string    `json:"session_id,omitempty"`
	Epoch        uint64    `json:"epoch,omitempty"`
	Error        string    `json:"error,omitempty"`
	// Duplicates is how many frames the session has received twice, and dropped, so far.
	Duplicates uint64 `json:"duplicates,omitempty"`
	// Reconnect tells how the connection came back, in the change that ends an outage.
	Reconnect *Reconnect `json:"reconnect,omitempty"`
	// Why says in one sentence what happened; see Tell.
	Why string `json:"why,omitempty"`
}

// Reconnect is the story of an outage.
type Reconnect struct {
	LostAt        time.Time     `json:"lost_at"` // when it was noticed
	Trigger       string        `json:"trigger"` // what took the connection
	Error         string        `json:"error,omitempty"`
	SilenceMillis float64       `json:"silence_ms"`  // nothing had arrived for so long when it was noticed
	Dials         int           `json:"dials"`       // attempts to connect, the one that succeeded included
	RoundTrips    int           `json:"round_trips"` // that this one took; 0 if that is not known
	Replayed      uint64        `json:"replayed"`    // frames sent again
	Duplicates    uint64        `json:"duplicates"`  // frames that arrived again since, and were dropped
	Session       SessionReturn `json:"session"`
	// DuplicatesBefore is the session's count of duplicates when the connection was lost.
	DuplicatesBefore uint64 `json:"duplicates_before,omitempty"`
}

// SessionReturn says with what an instance came back.
type SessionReturn string

const (
	SessionKept SessionReturn = "kept" // nothing was lost
	SessionNew  SessionReturn = "new"  // the former one had ended
)

// Triggers of changes that the hub causes itself; the others are those of sessions.
const (
	TriggerStart     = "start"
	TriggerUser      = "user"
	TriggerAnnounced = "announced" // the instance's file is new
	TriggerError     = "error"
	TriggerShutdown  = "shutdown"
	TriggerCheck     = "check" // the instance's program was asked, or answered
)
