package durable

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session/journal"
)

// Stream is one named lane of a channel, with both directions. Its methods may be called
// concurrently.
type Stream struct {
	channel *Channel
	name    string
	store   store
	turn    chan struct{} // capacity 1, held by who receives
	sending chan struct{} // capacity 1, held by the session that sends

	mu sync.Mutex
	// guards following
	rx      receiver
	arrival *arriving     // the lane that messages come on; nil between sessions
	news    chan struct{} // closed and replaced when any of this or the send log has changed
	err     error         // set once: the stream can't go on
}

// Message is a message of a stream.
type Message struct {
	// Index is its number in the stream, from 0.
	Index uint64
	// Payload is the receiver's.
	Payload []byte
	digest  uint64
}

// Cursor is the place behind the message: committing it says that this message and all before
// it have taken effect.
func (m *Message) Cursor() journal.Cursor { return journal.Cursor{Next: m.Index + 1, Digest: m.digest} }

func newStream(c *Channel, name string, state journal.StreamState) *Stream {
	st := &Stream{
		channel: c,
		name:    name,
		store:   store{journal: c.journal, name: name},
		turn:    make(chan struct{}, 1),
		sending: make(chan struct{}, 1),
		news:    make(chan struct{}),
		rx:      receiver{next: state.Receive, committed: state.Receive},
	}
	if c.cfg.OnFailure == MemoryOnly {
		st.store.limit = c.cfg.MemoryBytes
	}
	return st
}

// Name returns the stream's name.
func (st *Stream) Name() string { return st.name }

// change makes a change under mu and tells whoever waits.
func (st *Stream) change(f func()) {
	st.mu.Lock()
	defer st.mu.Unlock()
	f()
	close(st.news)
	st.news = make(chan struct{})
}

// fail ends the stream because of err. The first error stays.
func (st *Stream) fail(err error) {
	var first bool
	st.change(func() {
		if first = st.err == nil; first {
			st.err = err
		}
	})
	if !first {
		return
	}
	st.channel.log.Warn("a durable stream can't go on", "stream", st.name, "error", err)
	st.halt()
}

// halt gets whoever receives out of the lane, to find out that there is no going on.
func (st *Stream) halt() {
	if lane, _, _ := st.look(); lane != nil {
		lane.halt()
	}
}

// look returns what a waiter has to know. mu is not held.
func (st *Stream) look() (lane *arriving, news <-chan struct{}, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.arrival, st.news, st.err
}

// wait waits for news of the stream, or of whatever else. The channel's end is an error.
func (st *Stream) wait(ctx context.Context, news, others <-chan struct{}) error {
	select {
	case <-news:
		return nil
	case <-others:
		return nil
	case <-st.channel.done:
		return st.channel.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// usable reports what keeps the stream from going on.
func (st *Stream) usable() error {
	if err := st.channel.Err(); err != nil {
		return err
	}
	_, _, err := st.look()
	return err
}

// Send returns the message's number when it is on disk; it will be delivered, whatever
// becomes of this process. It waits, as long as ctx permits, while the journal has no room
// for the stream, which is until the other side commits. msg may be reused when it returns.
//
// Errors: ctx's; ErrClosed, ErrEnded, a *RefusedError; *journal.FailedError. With a
// *journal.PendingError the message was handed over, has the number returned, and must not be
// sent again. With any other error it was not sent, except that after a *journal.FailedError
// the next life may find it. A message that is larger than what the other side's session
// takes ends the stream.
func (st *Stream) Send(ctx context.Context, msg []byte) (uint64, error) {
	for {
		_, news, err := st.look() // before trying: what makes room afterwards is news
		room, ended := st.channel.room()
		if err = cmp.Or(err, ended); err != nil {
			return 0, err
		}
		index, err := st.store.append(ctx, msg)
		switch {
		case err == nil:
			st.change(func() {})
			return index, nil
		case errors.Is(err, journal.ErrEnded):
			return 0, ErrEnded
		case errors.Of(err) != errors.BufferFull:
			if _, pending := errors.AsType[*journal.PendingError](err); pending {
				go st.catchUp(func() {})
			}
			return index, err
		}
		if err := st.wait(ctx, news, room); err != nil {
			return 0, err
		}
	}
}

// Receive returns the next message that this life of the process has not had yet; the first
// one after a start is the one behind the committed cursor. It does not change what is
// committed. Once the channel has ended or can't go on it returns that error.
func (st *Stream) Receive(ctx context.Context) (*Message, error) {
	select {
	case st.turn <- struct{}{}:
	case <-st.channel.done:
		return nil, st.channel.Err()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-st.turn }()
	for {
		lane, news, err := st.look()
		if err == nil {
			err = st.channel.Err()
		}
		if err != nil {
			return nil, err
		}
		if lane == nil {
			if err := st.wait(ctx, news, nil); err != nil {
				return nil, err
			}
			continue
		}
		m, err := lane.next(ctx)
		switch {
		case m != nil:
			return m, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil && st.usable() == nil:
			lane.leave() // it is of no more use; the next session brings another
		}
	}
}

// Commit makes the receive cursor durable: everything below it has taken effect and will not
// come again; then the other side hears of it. A non-nil state replaces what State returns,
// in the same atomic step. The cursor is a received message's or a later one that such a
// message has passed; one behind the committed cursor is a *journal.StaleError.
//
// With a *journal.PendingError the cursor was handed over and becomes durable unless the
// journal fails; the other side hears of it then.
func (st *Stream) Commit(ctx context.Context, c journal.Cursor, state []byte) error {
	if err := st.usable(); err != nil {
		return err
	}
	st.mu.Lock()
	err := st.rx.committable(c)
	st.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%w: %w", err, errors.Invalid)
	}
	return st.channel.commit(ctx, st, c, state)
}

// catchUp makes a change when everything that was handed to the journal is durable: its
// caller could not wait. It takes as long as an fsync.
func (st *Stream) catchUp(change func()) {
	if st.channel.tolerate(st.channel.journal.Sync(context.Background())) == nil {
		st.change(change)
	}
}

// Committed returns the receive cursor that this side has committed.
func (st *Stream) Committed() journal.Cursor {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.rx.committed
}

// State returns the state that was committed with the receive cursor; nil if there is none.
func (st *Stream) State() []byte {
	state, _ := st.channel.journal.Stream(st.name)
	return state.App
}

// WaitCommitted returns when the other side has committed the message of that number, on its
// disk.
func (st *Stream) WaitCommitted(ctx context.Context, index uint64) error {
	for {
		_, news, err := st.look()
		if committed, _ := st.store.bounds(); committed.Next > index {
			return nil
		}
		if err != nil {
			return err
		}
		if err := st.wait(ctx, news, nil); err != nil {
			return err
		}
	}
}

// Pending returns how many messages the other side has not committed yet.
func (st *Stream) Pending() uint64 {
	committed, end := st.store.bounds()
	return end.Next - committed.Next
}
