package durable

import (
	"fmt"

	"github.com/standardbeagle/brum/session/journal"
)

// receiver is the receiving end of a stream as a value: what was handed to the application
// and what that has committed. It does no I/O and knows no session.
type receiver struct {
	next      journal.Cursor // behind the last message handed out in this life
	committed journal.Cursor // on disk
	session   uint64         // the latest that a lane has come on, as this side numbers them
}

// arrival is what has come on one lane: where the next message on it belongs.
type arrival struct {
	at    journal.Cursor
	begun bool
}

// admits reports whether a lane that comes on a session is to be listened to. One on an
// earlier session than the last lane's is late: what it carries comes again.
func (r *receiver) admits(session uint64) bool {
	if session < r.session {
		return false
	}
	r.session = session
	return true
}

// begin takes in where the sender says that the lane goes on.
func (r *receiver) begin(a *arrival, f from) error {
	switch {
	case f.at.Next > r.next.Next:
		return &RefusedError{Reason: ReasonRolledBack,
			Detail: fmt.Sprintf("the sender has dropped all below %d as committed, only %d are here", f.at.Next, r.next.Next)}
	case f.end < r.next.Next:
		return &RefusedError{Reason: ReasonRolledBack,
			Detail: fmt.Sprintf("the sender's log ends at %d, %d were received", f.end, r.next.Next)}
	}
	a.at, a.begun = f.at, true
	return r.compare(a)
}

// take takes in a message and reports whether it is new and goes to the application.
func (r *receiver) take(a *arrival, payload []byte) (fresh bool, err error) {
	if !a.begun {
		return false, malformed("stream: a message before its start")
	}
	fresh = a.at.Next == r.next.Next
	a.at = journal.Cursor{Next: a.at.Next + 1, Digest: journal.Extend(a.at.Digest, payload)}
	if fresh {
		r.next = a.at
		return true, nil
	}
	return false, r.compare(a)
}

// compare checks the lane's digest where it meets what was received before.
func (r *receiver) compare(a *arrival) error {
	if a.at.Next == r.next.Next && a.at.Digest != r.next.Digest {
		return &RefusedError{Reason: ReasonDigest, Detail: fmt.Sprintf("below message %d", r.next.Next)}
	}
	return nil
}

// committable says what is wrong with a cursor that the application wants to commit.
func (r *receiver) committable(c journal.Cursor) error {
	if c.Next > r.next.Next || c.Next == r.next.Next && c.Digest != r.next.Digest {
		return fmt.Errorf("durable: cursor %v was not received, %v was", c, r.next)
	}
	return nil
}
