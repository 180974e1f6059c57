package session

import (
	"context"
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

// burst is how much a sender of a large message may have waiting for the writer; it keeps
// room on the link for others between fragments.
const burst = 4 * maxFragment

// Send queues msg for delivery, exactly once and in order. It blocks while the buffers are
// full or the peer's application is too far behind, not for an outage as such; msg may be
// reused when it returns.
//
// nil means that the message will be delivered unless the session is lost; then its verdict
// is in the LostError. Any other error means that it will not be: ctx's, ErrTooLarge,
// ErrClosed, ErrReset or a *LostError.
func (st *Stream) Send(ctx context.Context, msg []byte) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if len(msg) <= maxFragment && st.sendNow(msg) {
		return nil
	}
	return st.sendSlowly(ctx, msg)
}

// TrySend is Send without waiting: ErrFull if there is no room now. Messages above 32 KiB
// need to wait by nature and are refused with ErrTooLarge.
func (st *Stream) TrySend(msg []byte) error {
	if len(msg) > maxFragment {
		return ErrTooLarge
	}
	if st.sendNow(msg) {
		return nil
	}
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	if err := st.sendable(len(msg)); err != nil {
		return err
	}
	return ErrFull
}

// CloseSend says that no more will be sent on the stream; the peer's Receive returns io.EOF
// behind what was. It waits for room in the buffers, not for the peer. The main stream ends
// with its session only.
func (st *Stream) CloseSend(ctx context.Context) error {
	if st.st.id == mainStream {
		return errors.ErrUnsupported
	}
	if err := st.takeTurn(ctx, 0); err != nil {
		return err
	}
	defer st.endTurn()
	return st.await(ctx, func() space { return st.s.core.finishStream(st.st) })
}

// sendNow sends a small message if that takes no waiting.
func (st *Stream) sendNow(msg []byte) bool {
	s := st.s
	s.mu.Lock()
	if s.core.phase != phaseOpen || st.st.turn || len(msg) > s.core.peerMax || s.core.send(st.st, msg) != spaceYes {
		s.mu.Unlock()
		return false
	}
	s.pushed()
	return true
}

// pushed gets what was just queued on its way and releases mu. On a quiet link the sender
// writes for itself: so little is on the way then that the write can't block.
func (s *Session) pushed() {
	l := s.link
	if l == nil || l.writing || l.woken {
		s.mu.Unlock()
		return
	}
	if !s.core.quiet() {
		s.wakeWriter()
		s.mu.Unlock()
		return
	}
	s.unlock(s.flush(l, true))
}

// sendable reports what keeps a message of n bytes from ever being sent. mu is held.
func (st *Stream) sendable(n int) error {
	c := st.s.core
	switch {
	case c.phase == phaseEnded:
		return c.end.err
	case c.phase == phaseDraining || st.st.out == finished:
		return ErrClosed
	case st.st.out == broken:
		return ErrReset
	case n > c.peerMax:
		return fmt.Errorf("%w: %d bytes, the peer takes %d", ErrTooLarge, n, c.peerMax)
	}
	return nil
}

// sendSlowly sends a message that has to wait for room, for its turn, or is so large that
// it travels in fragments.
func (st *Stream) sendSlowly(ctx context.Context, msg []byte) error {
	if err := st.takeTurn(ctx, len(msg)); err != nil {
		return err
	}
	if len(msg) <= maxFragment {
		defer st.endTurn()
		return st.await(ctx, func() space { return st.s.core.send(st.st, msg) })
	}
	begun, err := st.sendFragments(ctx, msg)
	if err == nil || !begun {
		st.endTurn()
		return err
	}
	// The peer has to hear that the rest won't come. There may be no room even for that
	// yet, but the caller shall not wait any longer.
	withdraw := func() {
		defer st.endTurn()
		st.await(context.Background(), func() space { return st.s.core.abandon(st.st) })
	}
	if !st.s.spawn(withdraw) {
		st.endTurn() // there is nobody to tell
	}
	return err
}

// sendFragments sends msg in pieces; begun tells whether the first has gone.
func (st *Stream) sendFragments(ctx context.Context, msg []byte) (begun bool, err error) {
	for off := 0; off < len(msg); {
		piece := msg[off:min(off+maxFragment, len(msg))]
		err := st.await(ctx, func() space {
			if st.s.core.log.unsentBytes(burst) >= burst {
				return spaceTurn
			}
			return st.s.core.sendFragment(st.st, piece, off, len(msg))
		})
		if err != nil {
			return off > 0, err
		}
		off += len(piece)
	}
	return true, nil
}

// takeTurn makes the caller the stream's only sender, if a message of n bytes can be sent.
func (st *Stream) takeTurn(ctx context.Context, n int) error {
	select {
	case st.turn <- struct{}{}:
	case <-st.s.done:
		return st.s.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if n > maxFragment {
		// Only an attach tells what the peer takes.
		if err := st.await(ctx, st.s.core.attachedOnce); err != nil {
			<-st.turn
			return err
		}
	}
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	if err := st.sendable(n); err != nil {
		<-st.turn
		return err
	}
	st.st.turn = true
	return nil
}

func (st *Stream) endTurn() {
	st.s.mu.Lock()
	st.st.turn = false
	st.s.mu.Unlock()
	<-st.turn
}

// await calls try under the session's mutex until it finds space.
func (st *Stream) await(ctx context.Context, try func() space) error {
	return st.s.await(ctx, try, func() error { return st.sendable(0) })
}

// await calls try under mu until it finds space. never tells why there will be none, when
// try says so.
func (s *Session) await(ctx context.Context, try func() space, never func() error) error {
	var w waitingSender
	defer func() {
		if w.session != nil {
			s.mu.Lock()
			s.waiting.remove(&w)
			s.mu.Unlock()
		}
	}()
	for {
		wait, err := s.tryOnce(&w, try, never)
		if !wait {
			return err
		}
		select {
		case <-w.session:
		case <-w.budget:
		case <-s.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *Session) tryOnce(w *waitingSender, try func() space, never func() error) (wait bool, err error) {
	s.mu.Lock()
	if s.core.phase == phaseEnded {
		defer s.mu.Unlock()
		return false, s.core.end.err
	}
	w.budget = nil
	got := try()
	if got == spaceBudget {
		w.budget = s.cfg.Budget.wait()
		got = try() // it may have been released in between
	}
	switch got {
	case spaceYes:
		s.pushed()
		return false, nil
	case spaceNever:
		defer s.mu.Unlock()
		return false, never()
	}
	s.waiting.add(w)
	s.mu.Unlock()
	return true, nil
}
