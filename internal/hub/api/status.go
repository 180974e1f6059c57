package api

import "time"

// Status is a snapshot of a hub.
type Status struct {
	Hub       HubStatus  `json:"hub"`
	Instances []Instance `json:"instances"`
}

// HubStatus tells of the hub's process.
type HubStatus struct {
	PID       int          `json:"pid"`
	StartedAt time.Time    `json:"started_at"`
	HTTP      string       `json:"http"`    // base URL; "" when the hub serves no HTTP
	Version   string       `json:"version"` // of its program, as --version has it
	Ledger    LedgerStatus `json:"ledger"`

	Networking string `json:"networking"` // NetworkingRobust or NetworkingHTTP
}

// State of an instance as the hub sees it. No state is terminal while the
// instance's process lives.
type State string

const (
	Discovered State = "discovered" // its file is there, but there is no way to it
	Connecting State = "connecting" // first connection, or its MCP handshake, under way
	Active     State = "active"
	Suspect    State = "suspect" // silent; being probed
	Retrying   State = "retrying"
	Stalled    State = "stalled" // answers probes, but consumes nothing
	Stopped    State = "stopped" // disconnected by the user, until the user connects it
)

// How a hub reaches instances that offer a session.
const (
	NetworkingRobust = "robust" // by it
	NetworkingHTTP   = "http"
)

// Transports of an instance.
const (
	TransportSession = "session"
	TransportHTTP    = "http"
)

// Instance is a snapshot of one instance. Strings are empty and times null where there
// is nothing to tell.
type Instance struct {
	ID              string     `json:"id"`
	Name            string     `json:"name"`
	Directory       string     `json:"directory"`
	State           State      `json:"state"`
	Transport       string     `json:"transport"`
	Unavailable     []string   `json:"unavailable,omitempty"` // what can't be done over it
	SessionID       string     `json:"session_id"`
	Epoch           uint64     `json:"epoch"` // the number of the attach that is in force
	ConnectedSince  *time.Time `json:"connected_since"`
	UptimeSeconds   float64    `json:"uptime_seconds"` // of the connection
	Resumes         uint64     `json:"resumes"`        // of the session
	LastResume      *Resume    `json:"last_resume"`
	NextAttemptAt   *time.Time `json:"next_attempt_at"`
	LastHeardAt     *time.Time `json:"last_heard_at"` // when anything last arrived from it
	RTTMillis       float64    `json:"rtt_ms"`
	UnackedMessages int        `json:"unacked_messages"`
	UnackedBytes    int        `json:"unacked_bytes"`
	LastError       string     `json:"last_error"`
}

// Resume tells how a session came back after an outage.
type Resume struct {
	Trigger      string    `json:"trigger"`
	OutageMillis float64   `json:"outage_ms"` // since the connection was lost
	ResumeMillis float64   `json:"resume_ms"` // of it, the attempt that succeeded
	At           time.Time `json:"at"`
}

// History is the latest state changes of one instance, oldest first.
type History struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Dropped uint64   `json:"dropped"` // older changes that were forgotten
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
}

// Millis is d in milliseconds, to the microsecond.
func Millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Triggers of changes that the hub causes itself; the others are those of sessions.
const (
	TriggerStart     = "start"
	TriggerUser      = "user"
	TriggerAnnounced = "announced" // the instance's file is new
	TriggerError     = "error"
	TriggerShutdown  = "shutdown"
)
