package durable

import (
	"context"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// arriving is a lane on which the peer sends a stream's messages.
type arriving struct {
	a      *attachment
	st     *Stream
	lane   *session.Stream
	at     arrival // guarded by st.mu
	ctx    context.Context
	cancel context.CancelFunc // a later lane has replaced it, or it is of no use

	reading context.Context // done, too, when nobody shall wait for messages any more
	halt    context.CancelFunc
}

// receive makes a lane of the peer's the one that a stream's messages come on, once the peer
// was admitted, and tells the peer what was committed and from then on will be.
func (a *attachment) receive(lane *session.Stream, name string) {
	defer release(lane)
	select {
	case <-a.admitted:
	case <-a.ctx.Done():
		return
	}
	st, err := a.channel.Stream(name)
	if err != nil {
		e := malformed("stream name")
		if errors.Of(err) == errors.Limit {
			e = &RefusedError{Reason: ReasonLimit, Detail: err.Error()}
		}
		a.refuseLane(lane, e)
		return
	}
	in := &arriving{a: a, st: st, lane: lane}
	in.ctx, in.cancel = context.WithCancel(a.ctx)
	in.reading, in.halt = context.WithCancel(in.ctx)
	defer in.leave()
	var late bool
	var former *arriving
	st.change(func() {
		if late = !st.rx.admits(a.number); !late {
			former, st.arrival = st.arrival, in
		}
	})
	if late {
		return
	}
	if former != nil {
		former.cancel()
	}
	in.tell()
}

// refuseLane tells the sender on a lane that there is no going on with the stream.
func (a *attachment) refuseLane(lane *session.Stream, e *RefusedError) {
	if lane.Send(a.ctx, appendRefusal(nil, e)) == nil {
		_ = lane.CloseSend(a.ctx) // so that release does not take it back
	}
}

// leave makes way for the next lane.
func (in *arriving) leave() {
	in.cancel()
	in.st.change(func() {
		if in.st.arrival == in {
			in.st.arrival = nil
		}
	})
}

// tell tells the peer the committed cursor whenever that has moved, or why the stream can't
// go on.
func (in *arriving) tell() {
	var told journal.Cursor
	for first := true; ; first = false {
		in.st.mu.Lock()
		committed, news, err := in.st.rx.committed, in.st.news, in.st.err
		in.st.mu.Unlock()
		if e, ok := errors.AsType[*RefusedError](err); ok && !e.ByPeer {
			in.a.refuseLane(in.lane, e)
		}
		if err != nil {
			return
		}
		if first || committed != told {
			if in.lane.Send(in.ctx, appendCommitted(nil, committed)) != nil {
				return
			}
			told = committed
		}
		select {
		case <-news:
		case <-in.ctx.Done():
			return
		}
	}
}

// next returns the next new message that arrives. A nil message with an error means that
// nothing more comes on this lane; with none, that ctx is done.
func (in *arriving) next(ctx context.Context) (*Message, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(in.reading, cancel)()
	for {
		msg, err := in.lane.Receive(ctx)
		if err != nil {
			return nil, err
		}
		m, err := in.take(msg)
		if err == errReplaced {
			return nil, err // it comes again on the later lane
		}
		if err != nil {
			if e, ok := errors.AsType[*RefusedError](err); ok {
				e.Stream = in.st.name
			}
			in.st.fail(err)
			return nil, err
		}
		if m != nil {
			return m, nil
		}
	}
}

// take takes in what has come on the lane; a message that is new is returned.
func (in *arriving) take(msg []byte) (*Message, error) {
	if len(msg) == 0 {
		return nil, malformed("message")
	}
	in.st.mu.Lock()
	defer in.st.mu.Unlock()
	if in.st.arrival != in {
		return nil, errReplaced
	}
	switch messageType(msg[0]) {
	case typeFrom:
		f, err := parseFrom(msg[1:])
		if err != nil {
			return nil, err
		}
		return nil, in.st.rx.begin(&in.at, f)
	case typeData:
		payload := msg[1:]
		fresh, err := in.st.rx.take(&in.at, payload)
		if err != nil || !fresh {
			return nil, err
		}
		return &Message{Index: in.at.at.Next - 1, Payload: payload, digest: in.at.at.Digest}, nil
	default:
		return nil, malformed("message")
	}
}
