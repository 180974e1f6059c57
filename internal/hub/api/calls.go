package api

import (
	"context"
	"time"
)

// Recording says what the hub keeps of a call that it issued.
type Recording string

const (
	Recorded    Recording = "recorded"     // it is in the ledger, on disk
	NotRecorded Recording = "not_recorded" // it has an id, but the ledger is off or has failed
	Untracked   Recording = "untracked"    // it only reads: it has no id, nothing can be told of it later
)

// Issued is what is known of a call before it is sent.
type Issued struct {
	Instance  string    `json:"instance"` // its id
	Life      string    `json:"life"`     // which process of that id
	Recording Recording `json:"recording"`
	At        time.Time `json:"at"`
}

// Books is what a hub has written down. An implementation keeps the rules of Backend.
type Books interface {
	// Calls lists the latest calls, oldest first.
	Calls(ctx context.Context, q CallsQuery) (*Calls, error)

	// Timeline tells how the instances fared.
	Timeline(ctx context.Context, q TimelineQuery) (*Timeline, error)

	// Readers lists the named readers of logs, in order of name.
	Readers(ctx context.Context) (*Readers, error)

	// CommitReader makes a reader's position durable, or a new reader. Its revision must be
	// the one read last. It returns the reader with its next revision.
	CommitReader(ctx context.Context, r Reader) (*Reader, error)

	// ForgetReader drops a reader.
	ForgetReader(ctx context.Context, name string) error
}

// CallsQuery selects calls.
type CallsQuery struct {
	Instance string // a reference, or the id of an instance that is gone; "" means all
	Limit    int    // 0 means DefaultCalls; at most MaxCalls
}

// Limits of a list of calls.
const (
	DefaultCalls = 50
	MaxCalls     = 4096
)

// Calls is an excerpt of the ledger.
type Calls struct {
	Calls  []CallRecord `json:"calls"`
	Ledger LedgerStatus `json:"ledger"`
}

// CallRecord is one call in the ledger.
type CallRecord struct {
	ID         string     `json:"id"`
	Instance   string     `json:"instance"` // its id
	Name       string     `json:"name"`     // of the instance
	Tool       string     `json:"tool"`
	Arguments  string     `json:"arguments"` // a keyed digest
	IssuedAt   time.Time  `json:"issued_at"`
	Deadline   *time.Time `json:"deadline"`
	Outcome    string     `json:"outcome"` // pending, done, failed, cancelled, expired, not_run, unknown
	SettledAt  *time.Time `json:"settled_at"`
	TookMillis float64    `json:"took_ms"`
}

// LedgerStatus tells whether calls are written down.
type LedgerStatus struct {
	Policy  string `json:"policy"` // require, best-effort, off
	State   string `json:"state"`  // ok, failed, off
	Error   string `json:"error"`
	Calls   int    `json:"calls"`
	Pending int    `json:"pending"` // of them without an outcome
}

// States of the ledger.
const (
	LedgerOK     = "ok"
	LedgerFailed = "failed"
	LedgerOff    = "off"
)

// Readers is the list of named readers.
type Readers struct {
	Readers []Reader `json:"readers"`
}

// Reader is how far a named reader has got in an instance's log.
type Reader struct {
	Name         string    `json:"name"`
	Instance     string    `json:"instance"` // its id
	InstanceName string    `json:"instance_name"`
	Directory    string    `json:"directory"`
	Process      string    `json:"process"` // "" means all
	Level        string    `json:"level"`
	Cursor       string    `json:"cursor"` // everything up to it was read
	Lines        uint64    `json:"lines"`  // that were read in all
	At           time.Time `json:"at"`     // of the last commit
	Revision     uint64    `json:"revision"`
}
