package durable

import (
	"context"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// transmit sends what a stream has, as long as the attachment lasts. It returns at once.
func (a *attachment) transmit(st *Stream) {
	a.spawn(func() {
		if err := a.pump(st); err != nil && a.ctx.Err() == nil {
			st.fail(err)
		}
	})
}

// pump sends the stream's log from where the peer has committed, and then what is added. The
// lane is opened when there is something to send.
func (a *attachment) pump(st *Stream) error {
	var lane *session.Stream
	defer func() {
		if lane != nil {
			release(lane)
		}
	}()
	var (
		position uint64 // what goes next on the lane
		buf      []byte
	)
	for {
		_, news, err := st.look()
		if err != nil {
			return nil // it is known already
		}
		committed, end := st.store.bounds()
		switch {
		case end.Next == max(position, committed.Next):
			select {
			case <-news:
			case <-a.ctx.Done():
				return nil
			}
			continue
		case lane == nil:
			if lane, err = a.session.OpenStream(a.ctx, prefix+st.name); err != nil {
				return a.onlySession(err)
			}
			replies := lane
			a.spawn(func() { a.acknowledged(st, replies) })
			fallthrough
		case position < committed.Next:
			position = committed.Next
			if err := lane.Send(a.ctx, from{committed, end.Next}.append(buf[:0])); err != nil {
				return a.onlySession(err)
			}
		}
		if position, buf, err = a.sendFrom(st, lane, position, buf); err != nil {
			return a.onlySession(err)
		}
	}
}

// sendFrom sends the messages from position on, as far as the log goes without a gap.
func (a *attachment) sendFrom(st *Stream, lane *session.Stream, position uint64, buf []byte) (uint64, []byte, error) {
	for rec, err := range st.store.replay(position) {
		if _, stale := errors.AsType[*journal.StaleError](err); stale {
			return position, buf, nil // committed meanwhile: the lane says where it goes on
		}
		if err != nil {
			return position, buf, &brokenLog{err}
		}
		if rec.Index != position {
			return position, buf, nil // the same
		}
		buf = append(append(buf[:0], byte(typeData)), rec.Payload...)
		if err := lane.Send(a.ctx, buf); err != nil {
			return position, buf, err
		}
		position++
	}
	return position, buf, nil
}

// brokenLog is an error of this side's log; all others end with the session.
type brokenLog struct{ err error }

func (e *brokenLog) Error() string { return e.err.Error() }
func (e *brokenLog) Unwrap() error { return e.err }

// onlySession keeps what is wrong with the log and drops what is wrong with the session: the
// next session begins anew.
func (a *attachment) onlySession(err error) error {
	if e, ok := errors.AsType[*brokenLog](err); ok {
		return e.err
	}
	if errors.Is(err, session.ErrTooLarge) {
		return err // the peer takes no such message, however often it is tried
	}
	return nil
}

// acknowledged follows what the receiver of a stream says.
func (a *attachment) acknowledged(st *Stream, lane *session.Stream) {
	for {
		msg, err := lane.Receive(a.ctx)
		if err != nil {
			return
		}
		if err := a.onReply(st, msg); err != nil {
			st.fail(err)
			return
		}
	}
}

// onReply acts on a message of the receiver's.
func (a *attachment) onReply(st *Stream, msg []byte) error {
	if len(msg) == 0 {
		return malformed("reply")
	}
	switch messageType(msg[0]) {
	case typeRefuse:
		return parseRefusal(st.name, msg[1:])
	case typeCommitted:
		c, err := parseCommitted(msg[1:])
		if err != nil {
			return err
		}
		return a.onCommitted(st, c)
	default:
		return malformed("reply")
	}
}

// onCommitted drops what the peer has made durable.
func (a *attachment) onCommitted(st *Stream, c journal.Cursor) error {
	committed, _ := st.store.bounds()
	if c.Next <= committed.Next {
		return nil // said before
	}
	if digest, known := st.store.digestAt(c.Next); known && digest != c.Digest {
		return &RefusedError{Reason: ReasonDigest, Stream: st.name, Detail: "the peer has committed something else"}
	}
	if err := st.store.trim(c); err != nil {
		if _, beyond := errors.AsType[*journal.BeyondError](err); beyond {
			return &RefusedError{Reason: ReasonRolledBack, Stream: st.name, ByPeer: true, Detail: err.Error()}
		}
		if errors.Is(err, journal.ErrFailed) || errors.Is(err, journal.ErrClosed) {
			return nil // the peer says it again in the next life
		}
		return err
	}
	st.change(func() {})
	return nil
}

// commit makes a receive cursor durable, unless the channel has ended: what was said in the
// end stays true.
func (c *Channel) commit(ctx context.Context, st *Stream, cursor journal.Cursor, state []byte) error {
	c.end.commits.RLock()
	defer c.end.commits.RUnlock()
	if err := c.Err(); err != nil {
		return err
	}
	return c.tolerate(c.journal.CommitReceive(ctx, st.name, cursor, state))
}
