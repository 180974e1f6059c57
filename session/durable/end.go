package durable

import (
	"context"
	"iter"

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

// ending is the end of a channel. The channel's mutex guards all of it.
type ending struct {
	phase   endPhase
	marks   []mark            // this side's final receive cursors, once it is declared
	peer    map[string]uint64 // the peer's, once it is settled
	settled chan struct{}     // closed when phase is endSettled

	commits int           // how many are under way; the end comes after them
	idle    chan struct{} // closed when none is; nil while nobody waits for that

	closed    chan struct{} // closed by Close: nobody shall wait any more
	wasClosed bool
}

// declare says that the end is durable on this side.
func (e *ending) declare(marks []mark) {
	if e.phase == endNone {
		e.phase = endDeclared
	}
	if e.marks == nil {
		e.marks = marks
	}
}

// settle takes in the peer's final cursors. The first stay.
func (e *ending) settle(marks map[string]uint64) {
	if e.phase != endSettled {
		e.phase, e.peer = endSettled, marks
		close(e.settled)
	}
}

func (e *ending) close() {
	if !e.wasClosed {
		e.wasClosed = true
		close(e.closed)
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
// knows what became of every message. It waits for the disk, whatever becomes of ctx, and for
// the other side while ctx permits; when that ends first the channel has ended all the same,
// and the other side hears of it in the next session, of this life or a later one.
//
// With a *journal.FailedError this life of the channel has ended, but not the next.
func (c *Channel) End(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err // nothing was done
	}
	if err := c.declare(); err != nil {
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
	case <-c.end.closed:
		return ErrClosed
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

// declare makes the end durable on this side. What is being committed comes before the end,
// or not at all. Should it fail, the channel has ended for this life only.
func (c *Channel) declare() error {
	if err := c.Err(); err != nil && !errors.Is(err, ErrEnded) {
		return err
	}
	c.stop(ErrEnded)
	<-c.committed()
	err := c.journal.End(context.Background(), journal.Tombstone{})
	failed := err != nil
	if err := c.tolerate(err); err != nil {
		return err
	}
	marks := c.marks(failed)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end.declare(marks)
	return nil
}

// marks returns this side's receive cursors, by name. A commit whose caller did not wait is
// among them: it is on disk, as it came before the tombstone.
func (c *Channel) marks(failed bool) []mark {
	marks := []mark{}
	for _, st := range c.all() {
		next := st.Committed().Next
		if state, ok := c.journal.Stream(st.name); ok && !failed {
			next = max(next, state.Receive.Next)
		}
		marks = append(marks, mark{st.name, next})
	}
	return marks
}

// commit makes a receive cursor durable, unless the channel has ended: what was said in the
// end stays true.
func (c *Channel) commit(ctx context.Context, st *Stream, cursor journal.Cursor, state []byte) error {
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return c.err
	}
	c.end.commits++
	c.mu.Unlock()
	defer c.endCommit()

	told := func() { st.rx.committed = later(cursor, st.rx.committed) }
	err := c.journal.CommitReceive(ctx, st.name, cursor, state)
	if _, pending := errors.AsType[*journal.PendingError](err); pending {
		go st.catchUp(told)
		return err
	}
	if err := c.tolerate(err); err != nil {
		return err
	}
	st.change(told)
	return nil
}

func (c *Channel) endCommit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end.commits--; c.end.commits == 0 && c.end.idle != nil {
		close(c.end.idle)
		c.end.idle = nil
	}
}

// committed is closed when no commit is under way. There are no new ones after the end.
func (c *Channel) committed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end.idle == nil {
		c.end.idle = make(chan struct{})
	}
	idle := c.end.idle
	if c.end.commits == 0 {
		close(idle)
		c.end.idle = nil
	}
	return idle
}

// sayEnd tells the peer of the end, with this side's final cursors.
func (a *attachment) sayEnd(t messageType) {
	a.channel.mu.Lock()
	marks := a.channel.end.marks
	a.channel.mu.Unlock()
	_ = a.control.Send(a.ctx, appendMarks(nil, t, marks)) // the next session says it again
}

// ended takes in the peer's word.
func (a *attachment) ended(t messageType, body []byte) error {
	marks, err := parseMarks(body)
	if err != nil {
		return a.refuse(err)
	}
	c := a.channel
	if err := c.declare(); err != nil {
		return err
	}
	c.mu.Lock()
	settled := c.end.phase == endSettled
	c.mu.Unlock()
	if !settled {
		err := c.journal.CommitReceive(a.ctx, endStream, journal.Cursor{Next: 1}, body)
		if err := c.tolerate(err); err != nil {
			return err
		}
		c.mu.Lock()
		c.end.settle(marks)
		c.mu.Unlock()
	}
	if t == typeEnd {
		a.sayEnd(typeEndAck)
	}
	return nil
}
