package durable

import (
	"fmt"

	"github.com/standardbeagle/brum/session/journal"
)

// sender is the sending end of a stream on one lane, as a value: how far that has come. It
// does no I/O and knows no session. The log's bounds are handed in: what the peer has
// committed, and the end of what is safe here.
type sender struct {
	begun bool
	next  uint64 // what goes next on the lane
}

// sendMove is what a sender does next.
type sendMove uint8

const (
	sendNothing sendMove = iota // all was sent
	sendStart                   // say where that which follows begins
	sendData                    // the message numbered next, and those behind it
)

// move decides what comes next.
func (s *sender) move(committed, end journal.Cursor) sendMove {
	switch {
	case !s.begun && end.Next > 0:
		return sendStart // also if nothing follows: the peer may have been rolled back
	case end.Next <= max(s.next, committed.Next):
		return sendNothing
	case s.next < committed.Next:
		return sendStart
	default:
		return sendData
	}
}

// start makes the lane go on from what the peer has committed.
func (s *sender) start(committed, end journal.Cursor) from {
	s.begun, s.next = true, committed.Next
	return from{committed, end.Next}
}

// sends reports whether a message is the one that goes next, and counts it. If it is not,
// others were committed meanwhile and the lane needs another start.
func (s *sender) sends(index uint64) bool {
	if index != s.next {
		return false
	}
	s.next++
	return true
}

// judgeCommitted judges what the peer says that it has committed: whether that is news, or
// can't be. digest is this side's, of all messages below c, if it is known.
func judgeCommitted(c, committed, end journal.Cursor, digest uint64, known bool) (news bool, err error) {
	switch {
	case c.Next > end.Next:
		return false, &RefusedError{Reason: ReasonRolledBack, ByPeer: true,
			Detail: fmt.Sprintf("the log ends at %d, the peer has committed %d", end.Next, c.Next)}
	case known && digest != c.Digest:
		return false, &RefusedError{Reason: ReasonDigest, Detail: fmt.Sprintf("the peer has committed something else below %d", c.Next)}
	}
	return c.Next > committed.Next, nil
}
