package session

import (
	"context"
	"io"

	"github.com/standardbeagle/brum/errors"
)

// Stream is one ordered lane of a session: what is sent on it arrives in order and exactly
// once, and a receiver that takes nothing from it holds up no other stream. Its methods may
// be called concurrently.
type Stream struct {
	s    *Session
	st   *stream       // owned by the core
	turn chan struct{} // capacity 1, held by a sender that may have to wait
	data chan struct{} // capacity 1: something may be there to receive
}

func newStream(s *Session, st *stream) *Stream {
	h := &Stream{s: s, st: st, turn: make(chan struct{}, 1), data: make(chan struct{}, 1)}
	st.handle = h
	return h
}

// ID is the stream's number, the same on both sides; the main stream's is 0.
func (st *Stream) ID() uint64 { return st.st.id }

// Name is what the side that opened the stream called it.
func (st *Stream) Name() string { return st.st.name }

// OpenStream opens another stream. Messages may be sent on it at once; the peer gets it from
// AcceptStream. name, at most 256 bytes, tells the peer what it is for. Each side may have
// 256 of its own open at a time; beyond that the call blocks until one has ended.
func (s *Session) OpenStream(ctx context.Context, name string) (*Stream, error) {
	if len(name) > maxName {
		return nil, errors.Wrap(ErrTooLarge, errors.Error{Op: "open stream", Kind: errors.Invalid})
	}
	var h *Stream
	err := s.await(ctx, func() space {
		if s.core.phase != phaseOpen {
			return spaceNever
		}
		st, got := s.core.openStream(name)
		if got == spaceYes {
			h = newStream(s, st)
		}
		return got
	}, func() error { return ErrClosed })
	return h, err
}

// AcceptStream returns the next stream that the peer has opened.
func (s *Session) AcceptStream(ctx context.Context) (*Stream, error) {
	for {
		s.mu.Lock()
		if in := &s.core.streams.incoming; in.len() > 0 {
			h := newStream(s, in.pop())
			h.signal()
			if in.len() > 0 {
				s.announce()
			}
			s.mu.Unlock()
			return h, nil
		}
		ended, err := s.core.phase == phaseEnded, s.core.receiveError()
		s.mu.Unlock()
		if ended {
			return nil, err
		}
		select {
		case <-s.news:
		case <-s.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Receive returns the next message; the slice is the caller's. When the peer has closed the
// stream or the session and everything was received it returns io.EOF, after a reset
// ErrReset, after this side's close of the session ErrClosed, and else a *LostError.
func (st *Stream) Receive(ctx context.Context) ([]byte, error) {
	return st.ReceiveAppend(ctx, nil)
}

// ReceiveAppend is Receive into memory of the caller's: the message is appended to dst,
// which is returned as it was with an error. What is behind dst, up to its capacity, may be
// written to until the call returns, whatever it returns.
func (st *Stream) ReceiveAppend(ctx context.Context, dst []byte) ([]byte, error) {
	msg, err := st.receive(ctx, dst)
	if err != nil {
		st.s.mu.Lock()
		st.st.in.takeBack(dst)
		st.s.mu.Unlock()
		return dst, err
	}
	return msg, nil
}

func (st *Stream) receive(ctx context.Context, dst []byte) ([]byte, error) {
	for {
		t, err := st.receiveNow(dst)
		switch {
		case err != nil:
			return nil, err
		case t.whole && t.joined && dst != nil:
			return append(dst, t.msg...), nil
		case t.whole && t.msg == nil:
			return []byte{}, nil
		case t.whole:
			return t.msg, nil
		case t.need > 0:
			if err := st.makeRoom(ctx, t.need, dst); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case <-st.data:
		case <-st.s.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// receiveNow takes a message, or finds out why there will be none any more.
func (st *Stream) receiveNow(dst []byte) (taken, error) {
	s, c := st.s, st.s.core
	s.mu.Lock()
	defer s.mu.Unlock()
	t := c.consume(st.st, dst)
	if c.streams.due > 0 {
		s.wakeWriter()
	}
	switch {
	case t.whole || t.need > 0:
		st.signal() // another receiver may be waiting
		return t, nil
	case st.st.from == finished:
		st.signal()
		return t, io.EOF
	case st.st.from == broken:
		st.signal()
		return t, ErrReset
	case c.phase == phaseEnded:
		return t, c.receiveError()
	}
	return t, nil
}

// makeRoom reserves the memory for the large message that comes next, also for one that will be
// put together behind dst: it may have to be kept when that is taken back. It waits while
// other messages use the budget up; the sender waits with it, for want of credit.
func (st *Stream) makeRoom(ctx context.Context, n int, dst []byte) error {
	s := st.s
	for !s.takeMessage(n) {
		freed := s.cfg.Budget.wait()
		if s.takeMessage(n) {
			break
		}
		done := s.done
		s.mu.Lock()
		if s.over {
			done = nil // what has arrived can be had all the same
		}
		wanted := st.st.in.waitsFor(n)
		s.mu.Unlock()
		if !wanted {
			return nil // the caller looks again and finds out
		}
		select {
		case <-freed:
		case <-done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	var memory []byte
	if !fits(dst, n) {
		memory = make([]byte, 0, n) // not under mu
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in := &st.st.in; {
	case !in.waitsFor(n):
		s.cfg.Budget.releaseMessage(n) // another receiver was faster, or the message is gone
	case memory == nil:
		in.borrow(dst, n, n)
	default:
		in.begin(memory, n, n)
	}
	return nil
}

// takeMessage reserves n bytes for a message, beside those that are under way.
func (s *Session) takeMessage(n int) bool {
	s.mu.Lock()
	held := s.core.streams.reserved()
	s.mu.Unlock()
	return s.cfg.Budget.takeMessage(n, held)
}

// Reset ends both directions of the stream at once: what was not yet received is dropped, on
// both sides, except what was sent before a CloseSend. It waits for room in the buffers. The
// main stream ends with its session only.
func (st *Stream) Reset(ctx context.Context) error {
	if st.st.id == mainStream {
		return errors.ErrUnsupported
	}
	err := st.s.await(ctx, func() space { return st.s.core.resetStream(st.st) }, func() error { return nil })
	if err == nil {
		st.s.mu.Lock()
		st.signal()
		st.s.madeSpace()
		st.s.mu.Unlock()
	}
	return err
}

// signal tells a receiver to look, if there is something to see. mu is held.
func (st *Stream) signal() {
	if st.st.in.bytes == 0 && st.st.from == flowing {
		return
	}
	select {
	case st.data <- struct{}{}:
	default:
	}
}

// announce tells AcceptStream to look. mu is held.
func (s *Session) announce() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// signal passes on what the core has touched since it was last asked. mu is held.
func (s *Session) signal() {
	ss := &s.core.streams
	for _, st := range ss.touched {
		st.touched = false
		if st.handle != nil {
			st.handle.signal()
		}
	}
	clear(ss.touched)
	ss.touched = ss.touched[:0]
	if ss.incoming.len() > 0 {
		s.announce()
	}
}
