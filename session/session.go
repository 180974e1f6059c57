// Package session (stub while the real one is being written: the signatures are final).
package session

import (
	"context"
	"encoding/hex"
	"io"
	"iter"
	"log/slog"
	"time"
)

// ID names a session. It is chosen at random by the dialing side.
type ID [16]byte

func NewID() ID              { return ID{} }
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Conn is one connection: an ordered, reliable carrier of packets.
type Conn interface {
	// Next blocks until a packet begins to arrive and returns a reader of it.
	// One goroutine calls Next; it reads a packet to io.EOF before calling Next again.
	Next() (io.Reader, error)
	// WritePacket sends head and body, concatenated, as one packet. One call at a time.
	// It must not retain or change either slice.
	WritePacket(head, body []byte) error
	// Close ends the connection at once, without a handshake; it unblocks Next and WritePacket.
	// It may be called concurrently and more than once.
	Close() error
}

// DialFunc opens a connection and performs the attach exchange on it: request
// travels to the peer's Acceptor, whose reply comes back. A refusal that carries a reply is
// (nil, reply, nil).
type DialFunc func(ctx context.Context, request []byte) (Conn, []byte, error)

// State of a session.
type State uint8

const (
	Connecting State = iota
	Active
	Suspect
	Stalled
	Retrying // dialing side: no link, attempts under way
	Detached // accepting side: no link, waiting for the peer
	Closing
	Closed
)

func (s State) String() string { return "" }

// Trigger says what caused a state change.
type Trigger uint8

const (
	TriggerNone Trigger = iota
	TriggerStart
	TriggerWake
	TriggerNetwork
	TriggerTimeout
	TriggerError
	TriggerPeer
	TriggerManual
)

func (t Trigger) String() string { return "" }

// Change is one state change.
type Change struct {
	From, To State
	Trigger  Trigger
	At       time.Time
	Outage   time.Duration // for a change to Active: since the link was lost (0 for the first)
	Resume   time.Duration // for a change to Active: from the start of the winning attempt
	Attempt  uint64
	Err      error // what ended the link, if anything did
}

// Config: zero values mean defaults.
type Config struct {
	Key         []byte // shared secret, required, at least 16 bytes
	Heartbeat   time.Duration
	Window      time.Duration
	ReplayBytes int
	MaxMessage  int
	Logger      *slog.Logger
}

// Stats is a snapshot.
type Stats struct {
	ID              ID
	State           State
	Since           time.Time // of State
	Attempt         uint64    // the fence: "epoch" for people
	ConnectedSince  time.Time
	Resumes         uint64
	LastResume      *Change
	NextAttemptAt   time.Time
	RTT             time.Duration
	UnackedMessages int
	UnackedBytes    int
	LastError       error
}

// Session is one end of a resumable session. All methods may be called concurrently.
type Session struct{}

// Dial returns at once a session that keeps itself connected by dial, until it is closed or lost.
func Dial(dial DialFunc, cfg *Config) (*Session, error) { panic("stub") }

// WaitActive blocks until the session is active for the first time or again.
func (s *Session) WaitActive(ctx context.Context) error { panic("stub") }

// Send queues msg for exactly-once, in-order delivery. It blocks only while the
// buffers are full (an outage alone does not block it). nil means it will be delivered
// unless the session is lost, in which case its verdict is in the LostError.
func (s *Session) Send(ctx context.Context, msg []byte) error { panic("stub") }
func (s *Session) TrySend(msg []byte) error                   { panic("stub") }

// Receive returns the next message; the slice is the caller's. After the peer's
// Close and the last message it returns io.EOF; after loss a *LostError.
func (s *Session) Receive(ctx context.Context) ([]byte, error) { panic("stub") }

// Close ends the session for both sides after everything sent was acknowledged.
func (s *Session) Close(ctx context.Context) error { panic("stub") }

// CloseNow ends this side at once; the peer finds its session lost.
func (s *Session) CloseNow() error { panic("stub") }

func (s *Session) ID() ID                { panic("stub") }
func (s *Session) State() State          { panic("stub") }
func (s *Session) Stats() Stats          { panic("stub") }
func (s *Session) Done() <-chan struct{} { panic("stub") }
func (s *Session) Err() error            { panic("stub") }
func (s *Session) Nudge(reason Trigger)  { panic("stub") }

// Watch yields state changes from now on, until ctx is done or the session has ended.
// A slow watcher loses the oldest of more than 256 queued changes.
func (s *Session) Watch(ctx context.Context) iter.Seq[Change] { panic("stub") }

// LostError: the session can't go on. errors.Is(err, ErrLost).
type LostError struct {
	Reason    string
	Unsettled []Unsettled
	Cause     error
}

func (e *LostError) Error() string { return "" }
func (e *LostError) Unwrap() error { return e.Cause }

// Unsettled is a message sent but not known to be delivered, with its verdict.
type Unsettled struct {
	Stream  uint64
	Payload []byte
	Verdict Verdict
}

type Verdict uint8

const (
	Unknown Verdict = iota
	Committed
	NotReceived
)

// AcceptorConfig configures an Acceptor.
type AcceptorConfig struct {
	Config                    // of each accepted session
	MaxSessions int           // attached and detached, default 256
	MaxDetached int           // default 64
	DetachedFor time.Duration // default 24 h
}

// Acceptor keeps the accepting ends of sessions by id.
type Acceptor struct{}

func NewAcceptor(cfg *AcceptorConfig) (*Acceptor, error)         { panic("stub") }
func (a *Acceptor) Accept(ctx context.Context) (*Session, error) { panic("stub") } // each new session once
func (a *Acceptor) Sessions() []*Session                         { panic("stub") }
func (a *Acceptor) Attach(request []byte) *Attachment            { panic("stub") }
func (a *Acceptor) Close(ctx context.Context) error              { panic("stub") }

// Attachment is the answer to an attach request. Exactly one of Bind and Abort is called on an accepted one.
type Attachment struct{}

func (at *Attachment) Reply() []byte   { panic("stub") } // to be sent to the dialer, accepted or not
func (at *Attachment) Accepted() bool  { panic("stub") }
func (at *Attachment) Bind(c Conn)     { panic("stub") } // the connection is up
func (at *Attachment) Abort(err error) { panic("stub") } // the connection could not be set up
