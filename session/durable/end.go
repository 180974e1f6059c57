package durable

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// endStream is where a journal keeps what the peer said in the end.
const endStream = "\x00end"

// endPhase is how far the end of a channel has come. It only grows.
type endPhase uint8

const (
	endNone     endPhase = iota
	endDeclared          // this side has a tombstone: it sends and commits nothing more
	endSettled           // the peer's receive cursors are known: so are the verdicts
)

// ending is the end of a channel. The channel's mutex guards phase and peer.
type ending struct {
	phase   endPhase
	peer    map[string]uint64 // the peer's final receive cursors
	settled chan struct{}     // closed when phase is endSettled
	commits sync.RWMutex      // held by commits that are under way; the end waits for them
}

// settle takes in the peer's final cursors. The first stay.
func (e *ending) settle(marks map[string]uint64) {
	if e.phase != endSettled {
		e.phase, e.peer = endSettled, marks
		close(e.settled)
	}
}

// Unsettled is a message that was not known to be committed when its channel ended.
type Unsettled struct {
	Stream  string
	Index   uint64
	Payload []byte // valid until the next step of the iteration
	Verdict session.Verdict
}

// End ends the channel for good, on both sides and across restarts: nothing more is sent or
// committed on it. It returns nil when the other side has confirmed it, and Unsettled then
// knows what became of every message. When ctx ends first the channel has ended all the same;
// the other side hears of it in the next session, of this life or a later one.
func (c *Channel) End(ctx context.Context) error {
	if err := c.declare(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	current := c.current
	c.mu.Unlock()
	if current != nil {
		current.sayEnd(typeEnd)
	}
	select {
	case <-c.end.settled:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Unsettled iterates over the messages that this side had sent and the other had not
// committed, with what became of each: Committed, NotReceived (or received and never taken
// into effect), or Unknown while the other side has not confirmed the end.
func (c *Channel) Unsettled() iter.Seq2[Unsettled, error] {
	return func(yield func(Unsettled, error) bool) {
		for _, st := range c.all() {
			c.mu.Lock()
			settled, next := c.end.phase == endSettled, c.end.peer[st.name]
			c.mu.Unlock()
			committed, _ := st.store.bounds()
			for rec, err := range st.store.replay(committed.Next) {
				u := Unsettled{Stream: st.name, Index: rec.Index, Payload: rec.Payload}
				switch {
				case settled && rec.Index < next:
					u.Verdict = session.Committed
				case settled:
					u.Verdict = session.NotReceived
				}
				if !yield(u, err) || err != nil {
					return
				}
			}
		}
	}
}

// declare makes the end durable on this side.
func (c *Channel) declare(ctx context.Context) error {
	if err := c.Err(); err != nil && !errors.Is(err, ErrEnded) {
		return err
	}
	c.end.commits.Lock() // what is being committed comes before the end, or not at all
	c.fail(ErrEnded)
	c.end.commits.Unlock()
	if err := c.tolerate(c.journal.End(ctx, journal.Tombstone{})); err != nil {
		return err
	}
	c.mu.Lock()
	c.end.phase = max(c.end.phase, endDeclared)
	c.mu.Unlock()
	return nil
}

// sayEnd tells the peer of the end, with this side's final cursors.
func (a *attachment) sayEnd(t messageType) {
	var marks []mark
	for _, st := range a.channel.all() {
		marks = append(marks, mark{st.name, st.Committed().Next})
	}
	slices.SortFunc(marks, func(x, y mark) int { return strings.Compare(x.name, y.name) })
	_ = a.control.Send(a.ctx, appendMarks(nil, t, marks)) // the next session says it again
}

// ended takes in the peer's word.
func (a *attachment) ended(t messageType, body []byte) error {
	marks, err := parseMarks(body)
	if err != nil {
		return a.refuse(err)
	}
	c := a.channel
	if err := c.declare(a.ctx); err != nil {
		return err
	}
	err = c.journal.CommitReceive(a.ctx, endStream, journal.Cursor{Next: 1}, body)
	if err := c.tolerate(err); err != nil {
		return err
	}
	c.mu.Lock()
	c.end.settle(marks)
	c.mu.Unlock()
	if t == typeEnd {
		a.sayEnd(typeEndAck)
	}
	return nil
}
