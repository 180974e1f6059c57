package durable

import (
	"context"
	"fmt"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// batchBytes is how much of a log is read at a time. Reading pins a file of the journal, so
// nothing is sent, which may take long, while it lasts.
const batchBytes = 64 << 10

// transmit sends what a stream has, as long as the attachment lasts. It returns at once.
func (a *attachment) transmit(st *Stream) {
	a.spawn(func() {
		if err := a.pump(st); err != nil && a.ctx.Err() == nil {
			st.fail(err)
		}
	})
}

// pump sends the stream's log from where the peer has committed, and then what is added. The
// lane is opened when anything was ever sent.
func (a *attachment) pump(st *Stream) (err error) {
	// What a start says of the log's end has to be true of everything that was sent before it,
	// so the former session's pump comes to its end first.
	select {
	case st.sending <- struct{}{}:
	case <-a.ctx.Done():
		return nil
	}
	defer func() { <-st.sending }()
	var (
		lane  *session.Stream
		heard <-chan struct{} // closed when the peer says no more on the lane
		tx    sender
		read  batch
	)
	defer func() {
		if lane == nil {
			return
		}
		if err == nil { // the peer may have left the lane, and why is still to be heard
			select {
			case <-heard:
			case <-a.ctx.Done():
			}
		}
		release(lane)
	}()
	for {
		_, news, failed := st.look()
		if failed != nil {
			return nil // it is known already
		}
		committed, end := st.store.bounds()
		move := tx.move(committed, end)
		if move == sendNothing {
			select {
			case <-news:
			case <-a.ctx.Done():
				return nil
			}
			continue
		}
		if lane == nil {
			if lane, heard, err = a.openLane(st); err != nil {
				return nil // the next session begins anew
			}
		}
		if move == sendStart {
			err = lane.Send(a.ctx, tx.start(committed, end).append(nil))
		} else {
			if err := read.fill(&st.store, &tx); err != nil {
				return err
			}
			err = read.send(a.ctx, lane)
		}
		if err != nil {
			return hopeless(st, err)
		}
	}
}

func (a *attachment) openLane(st *Stream) (lane *session.Stream, heard <-chan struct{}, err error) {
	lane, err = a.session.OpenStream(a.ctx, prefix+st.name)
	if err != nil {
		return nil, nil, err
	}
	over := make(chan struct{})
	a.spawn(func() {
		defer close(over)
		a.acknowledged(st, lane)
	})
	return lane, over, nil
}

// hopeless keeps the errors that the next session would meet, too.
func hopeless(st *Stream, err error) error {
	if errors.Is(err, session.ErrTooLarge) {
		return fmt.Errorf("durable: stream %q: %w", st.name, err)
	}
	return nil
}

// batch is a run of messages as they go on the lane.
type batch struct {
	buf  []byte
	ends []int
}

// fill takes the next messages from a log, as far as that goes without a gap.
func (b *batch) fill(log *store, tx *sender) error {
	b.buf, b.ends = b.buf[:0], b.ends[:0]
	if cap(b.buf) > 4*batchBytes {
		b.buf = nil // a large message was there
	}
	for rec, err := range log.replay(tx.next) {
		if _, stale := errors.AsType[*journal.StaleError](err); stale {
			return nil // committed meanwhile: the lane says where it goes on
		}
		if err != nil {
			return err
		}
		if !tx.sends(rec.Index) {
			return nil // the same
		}
		b.buf = append(append(b.buf, byte(typeData)), rec.Payload...)
		b.ends = append(b.ends, len(b.buf))
		if len(b.buf) >= batchBytes {
			return nil
		}
	}
	return nil
}

func (b *batch) send(ctx context.Context, lane *session.Stream) error {
	begin := 0
	for _, end := range b.ends {
		if err := lane.Send(ctx, b.buf[begin:end]); err != nil {
			return err
		}
		begin = end
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
	if !a.isCurrent() {
		return nil // the peer says it again, if it still knows
	}
	committed, end := st.store.bounds()
	digest, known := st.store.digestAt(c.Next)
	news, err := judgeCommitted(c, committed, end, digest, known)
	if e, ok := errors.AsType[*RefusedError](err); ok {
		e.Stream = st.name
	}
	if err != nil || !news {
		return err
	}
	if err := st.store.trim(c); err != nil {
		return err
	}
	st.change(func() {})
	a.channel.madeRoom()
	return nil
}
