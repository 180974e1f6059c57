package session

import (
	"context"
	"fmt"
)

// burst is how much a sender of a large message may have waiting for the writer; it keeps
// room on the link for others between fragments.
const burst = 4 * maxFragment

// sendNow sends a small message if that takes no waiting.
func (s *Session) sendNow(msg []byte) bool {
	s.mu.Lock()
	if s.core.phase != phaseOpen || s.core.stream.turn || len(msg) > s.core.peerMax || s.core.send(msg) != spaceYes {
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
	if s.core.log.held > smallBlock {
		s.wakeWriter()
		s.mu.Unlock()
		return
	}
	s.unlock(s.flush(l, true))
}

// sendable reports what keeps a message of n bytes from ever being sent. mu is held.
func (s *Session) sendable(n int) error {
	switch {
	case s.core.phase == phaseEnded:
		return s.core.end.err
	case s.core.phase == phaseDraining:
		return ErrClosed
	case n > s.core.peerMax:
		return fmt.Errorf("%w: %d bytes, the peer takes %d", ErrTooLarge, n, s.core.peerMax)
	}
	return nil
}

// sendSlowly sends a message that has to wait for room, for its turn, or is so large that
// it travels in fragments.
func (s *Session) sendSlowly(ctx context.Context, msg []byte) error {
	select {
	case s.turn <- struct{}{}:
	case <-s.done:
		return s.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := s.takeTurn(ctx, len(msg)); err != nil {
		<-s.turn
		return err
	}
	if len(msg) <= maxFragment {
		defer s.endTurn()
		return s.await(ctx, func() space { return s.core.send(msg) })
	}
	begun, err := s.sendFragments(ctx, msg)
	if err == nil || !begun {
		s.endTurn()
		return err
	}
	// The peer has to hear that the rest won't come. There may be no room even for that
	// yet, but the caller shall not wait any longer.
	s.wg.Go(func() {
		defer s.endTurn()
		s.await(context.Background(), s.core.abandon) // fails only with the session
	})
	return err
}

// sendFragments sends msg in pieces; begun tells whether the first has gone.
func (s *Session) sendFragments(ctx context.Context, msg []byte) (begun bool, err error) {
	for off := 0; off < len(msg); {
		piece := msg[off:min(off+maxFragment, len(msg))]
		err := s.await(ctx, func() space {
			if s.core.log.unsentBytes(burst) >= burst {
				return spaceReplay // others have a turn
			}
			return s.core.sendFragment(piece, off, len(msg))
		})
		if err != nil {
			return off > 0, err
		}
		off += len(piece)
	}
	return true, nil
}

func (s *Session) takeTurn(ctx context.Context, n int) error {
	if n > maxFragment {
		// Only an attach tells what the peer takes.
		if err := s.await(ctx, s.core.attachedOnce); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sendable(n); err != nil {
		return err
	}
	s.core.stream.turn = true
	return nil
}

func (s *Session) endTurn() {
	s.mu.Lock()
	s.core.stream.turn = false
	s.mu.Unlock()
	<-s.turn
}

// await calls try under mu until it finds space.
func (s *Session) await(ctx context.Context, try func() space) error {
	for {
		room, ended := s.budgetAndSpace(try)
		if room == nil {
			return ended
		}
		select {
		case <-room.session:
		case <-room.budget:
		case <-s.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// room is what a sender waits for: either channel is closed when it is worth trying again.
type room struct{ session, budget <-chan struct{} }

func (s *Session) budgetAndSpace(try func() space) (*room, error) {
	s.mu.Lock()
	if s.core.phase == phaseEnded {
		defer s.mu.Unlock()
		return nil, s.core.end.err
	}
	var w room
	got := try()
	if got == spaceBudget {
		w.budget = s.cfg.Budget.wait()
		got = try() // it may have been released in between
	}
	if got == spaceYes {
		s.pushed()
		return nil, nil
	}
	if s.space == nil {
		s.space = make(chan struct{})
	}
	w.session = s.space
	s.mu.Unlock()
	return &w, nil
}
