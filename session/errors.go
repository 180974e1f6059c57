package session

import (
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

// Errors that can be told apart with errors.Is.
var (
	// ErrClosed: this side called Close or CloseNow.
	ErrClosed error = &kindError{"session: closed", errors.Closed}
	// ErrFull: TrySend found no room.
	ErrFull error = &kindError{"session: buffers full", errors.BufferFull}
	// ErrTooLarge: the message is above the peer's limit.
	ErrTooLarge error = &kindError{"session: message too large", errors.Invalid}
	// ErrReset: one side has reset the stream.
	ErrReset error = &kindError{"session: stream reset", errors.Reset}
	// ErrLost is matched by every LostError.
	ErrLost error = &kindError{"session: lost", errors.SessionLost}
	// ErrUnauthorized: a proof did not verify.
	ErrUnauthorized error = &kindError{"session: unauthorized", errors.Unauthorized}
	// ErrLimit: the peer has no room for another session.
	ErrLimit error = &kindError{"session: limit reached", errors.Limit}

	errSilent    error = &kindError{"session: the peer did not answer", errors.Timeout}
	errOvertaken error = &kindError{"session: attempt overtaken", errors.Canceled}
)

// kindError is a sentinel that knows its kind.
type kindError struct {
	text string
	kind errors.Kind
}

func (e *kindError) Error() string          { return e.text }
func (e *kindError) ErrorKind() errors.Kind { return e.kind }

// Reason says why a session can't go on.
type Reason uint8

const (
	ReasonPeerClosed   Reason = iota // the peer closed it; its messages have all been delivered
	ReasonPeerAborted                // the peer ended it at once
	ReasonExpired                    // it was without a link for too long
	ReasonStateLost                  // the peer no longer knows it: its process restarted, or it dropped the session
	ReasonSuperseded                 // another process with the same identity has taken over
	ReasonProtocol                   // the peer broke the protocol
	ReasonPosition                   // the two sides' cursors can't be joined: one was rolled back
	ReasonDigest                     // the two sides hold different streams
	ReasonVersion                    // no common protocol version
	ReasonUnauthorized               // the peer does not hold the key
	ReasonRefused                    // the first attach failed for good
	ReasonEvicted                    // this process keeps too many detached sessions
)

var reasonNames = [...]string{"closed by peer", "aborted by peer", "expired", "state lost", "superseded",
	"protocol error", "position mismatch", "digest mismatch", "no common version", "unauthorized", "refused",
	"evicted"}

func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// Verdict is what became of a message that was not settled when its session ended.
type Verdict uint8

const (
	// Unknown: the peer left no word.
	Unknown Verdict = iota
	// Committed: the peer has received the message.
	Committed
	// NotReceived: the peer has not received the message and never will.
	NotReceived
)

func (v Verdict) String() string {
	switch v {
	case Committed:
		return "committed"
	case NotReceived:
		return "not received"
	default:
		return "unknown"
	}
}

// Unsettled is a message that had not been acknowledged when its session ended.
type Unsettled struct {
	// Stream is the id of the stream that it was sent on.
	Stream uint64
	// Payload is the message; nil where its first fragments had been released already.
	Payload []byte
	// Size is the length of the whole message in bytes.
	Size    int
	Verdict Verdict
}

// LostError says that a session has ended other than by this side's Close. It matches
// ErrLost and whatever Cause matches.
type LostError struct {
	Session ID
	Reason  Reason
	// Unsettled holds every message whose Send returned nil and which was not acknowledged,
	// oldest first.
	Unsettled []Unsettled
	Cause     error
}

func (e *LostError) Error() string {
	s := fmt.Sprintf("session %s lost: %s", e.Session, e.Reason)
	if len(e.Unsettled) > 0 {
		s += fmt.Sprintf(" (%d messages unsettled)", len(e.Unsettled))
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// delivered reports whether the peer has everything: the session ended for no bad reason
// after that.
func (e *LostError) delivered() bool {
	for _, u := range e.Unsettled {
		if u.Verdict != Committed {
			return false
		}
	}
	return e.Reason == ReasonPeerClosed
}

func (e *LostError) Unwrap() error        { return e.Cause }
func (e *LostError) Is(target error) bool { return target == ErrLost }

// ErrorKind implements errors.Kinded.
func (e *LostError) ErrorKind() errors.Kind {
	switch e.Reason {
	case ReasonSuperseded:
		return errors.Superseded
	case ReasonProtocol, ReasonVersion:
		return errors.Protocol
	case ReasonUnauthorized:
		return errors.Unauthorized
	case ReasonRefused:
		return errors.Of(e.Cause)
	case ReasonPeerClosed:
		return errors.Closed
	default:
		return errors.SessionLost
	}
}
