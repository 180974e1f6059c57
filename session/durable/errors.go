package durable

import (
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

// ErrClosed: Close was called.
var ErrClosed error = fmt.Errorf("durable: channel closed: %w", errors.Closed)

// ErrEnded: the channel has been ended by End, on this side or the other.
var ErrEnded error = fmt.Errorf("durable: channel ended: %w", errors.Closed)

// errReplaced ends a Run whose session is no longer the latest.
var errReplaced error = fmt.Errorf("durable: a later session has taken over: %w", errors.Superseded)

// errLeft ends a Run whose counterpart has returned; the session itself goes on.
var errLeft error = fmt.Errorf("durable: the peer's Run has returned: %w", errors.Closed)

// Reason says why two journals can't be joined.
type Reason uint8

// The zero Reason is none.
const (
	// ReasonProtocol: what arrived makes no sense.
	ReasonProtocol Reason = iota + 1
	// ReasonVersion: the other side speaks another version.
	ReasonVersion
	// ReasonRelation: the journals belong to different channels.
	ReasonRelation
	// ReasonRolledBack: the side refused uses an old state of its journal.
	ReasonRolledBack
	// ReasonCloned: a copy of the refused side's journal is in use elsewhere.
	ReasonCloned
	// ReasonDigest: the two sides hold different messages under the same numbers.
	ReasonDigest
	// ReasonEnded: the channel was ended.
	ReasonEnded
	// ReasonLimit: there are too many streams.
	ReasonLimit
)

var reasonNames = [...]string{ReasonProtocol: "protocol error", ReasonVersion: "no common version",
	ReasonRelation: "another channel's journal", ReasonRolledBack: "journal was rolled back",
	ReasonCloned: "journal is in use twice", ReasonDigest: "digests differ", ReasonEnded: "channel ended",
	ReasonLimit: "too many streams"}

func (r Reason) String() string {
	if r > 0 && int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// RefusedError says that a channel or one of its streams can't go on with its peer.
type RefusedError struct {
	Reason Reason
	// Stream is the stream that can't go on; empty for the whole channel.
	Stream string
	// ByPeer: the peer refused this side. Else this side refused the peer.
	ByPeer bool
	// Detail is for people.
	Detail string
}

func (e *RefusedError) Error() string {
	s := "durable: refused the peer: "
	if e.ByPeer {
		s = "durable: refused by the peer: "
	}
	s += e.Reason.String()
	if e.Stream != "" {
		s += fmt.Sprintf(" (stream %q)", e.Stream)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// ErrorKind implements errors.Kinded.
func (e *RefusedError) ErrorKind() errors.Kind {
	switch e.Reason {
	case ReasonCloned:
		return errors.Superseded
	case ReasonProtocol, ReasonVersion:
		return errors.Protocol
	case ReasonEnded:
		return errors.Closed
	case ReasonLimit:
		return errors.Limit
	default:
		return errors.SessionLost
	}
}

// ErrorPersistence: doing the same again can't help, except after a limit.
func (e *RefusedError) ErrorPersistence() errors.Persistence {
	if e.Reason == ReasonLimit {
		return errors.Temporary
	}
	return errors.Permanent
}

func malformed(what string) *RefusedError {
	return &RefusedError{Reason: ReasonProtocol, Detail: "malformed " + what}
}
