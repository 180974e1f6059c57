package api

import (
	"cmp"
	"time"
)

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
	Limits    Limits       `json:"limits"`

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
	Stalled    State = "stalled" // reachable, but its program takes nothing in or answers nothing
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
	State           State      `json:"state"`     // a loss shows when it has lasted for seconds
	RawState        State      `json:"raw_state"` // at this moment
	Transport       string     `json:"transport"`
	Unavailable     []string   `json:"unavailable"` // what can't be done over it
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
	Breaker         string     `json:"breaker"`       // of attempts to connect: closed, open, half-open; "" without a session
	Held            string     `json:"held"`          // why nothing is dialled or judged: offline, asleep, or ""
	RecentLosses    int        `json:"recent_losses"` // of the connection in the last two minutes, up to 100
	Unsteady        bool       `json:"unsteady"`      // it comes and goes
	Health          *Health    `json:"health"`        // null without an MCP connection
}

// Actual is the state at this moment, also in the status of a hub that tells only one.
func (i *Instance) Actual() State { return cmp.Or(i.RawState, i.State) }

// Health is how an instance's program does, above the connection.
type Health struct {
	// Quality of its answers lately, from 0, none comes, to 1, all do, evenly.
	Quality float64 `json:"quality"`
	// Checks are running, or paused while it can't be reached.
	Checks string `json:"checks"`
	// IntervalMillis is how long it may say nothing before it is asked.
	IntervalMillis float64 `json:"interval_ms"`
	// AnswerMillis is how long its answers to that take; 0 until one was needed.
	AnswerMillis float64 `json:"answer_ms"`
	// Failures is how often in a row it has not answered in time.
	Failures int `json:"failures"`
	// SilentMillis is how long it has said nothing, since it could.
	SilentMillis float64 `json:"silent_ms"`
}

// Values of Health.Checks, Instance.Held and Instance.Breaker.
const (
	BreakerClosed = "closed"

	ChecksRunning = "running"
	ChecksPaused  = "paused"
	HeldOffline   = "offline"
	HeldAsleep    = "asleep"
)

// Resume tells how a session came back after an outage.
type Resume struct {
	Trigger      string    `json:"trigger"`
	OutageMillis float64   `json:"outage_ms"` // since the connection was lost
	ResumeMillis float64   `json:"resume_ms"` // of it, the attempt that succeeded
	At           time.Time `json:"at"`
}

// Millis is d in milliseconds, to the microsecond.
func Millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
