package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Session is one end of a resumable session. Its methods may be called concurrently.
type Session struct {
	id   ID
	cfg  Config
	dial DialFunc  // dialing side
	home *Acceptor // accepting side

	done chan struct{} // closed when the session has ended
	turn chan struct{} // capacity 1, held by a sender that may have to wait
	data chan struct{} // capacity 1: something may be there to receive
	wg   sync.WaitGroup

	mu sync.Mutex
	// guards following; released by unlock wherever the core's state may have changed
	core     *core
	link     *link
	attempts map[uint64]context.CancelFunc
	timer    *time.Timer
	space    chan struct{} // closed and forgotten when senders that wait should look again
	state    chan struct{} // closed and forgotten at the next change of state
	watchers map[*watcher]struct{}
	record   record
	offered  bool // to Accept
	over     bool // done is closed
}

// record is what Stats tells and the core does not need.
type record struct {
	began          time.Time
	since          time.Time // of the current state
	connectedSince time.Time
	lastResume     *Change
	lastErr        error
}

func randomUint64() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

func newSession(cfg Config, role role, id ID, self incarnation, now time.Time) *Session {
	s := &Session{
		id:     id,
		cfg:    cfg,
		done:   make(chan struct{}),
		turn:   make(chan struct{}, 1),
		data:   make(chan struct{}, 1),
		core:   newCore(cfg, role, id, self, randomUint64),
		record: record{began: now, since: now},
	}
	s.timer = time.AfterFunc(time.Hour, s.onTimer)
	s.timer.Stop()
	return s
}

// Dial begins a session and returns at once; the session keeps itself connected through
// dial until it is closed or lost. The error is about cfg only.
func Dial(dial DialFunc, cfg *Config) (*Session, error) {
	resolved, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s := newSession(resolved, dialing, NewID(), newIncarnation(now), now)
	s.dial = dial
	s.attempts = make(map[uint64]context.CancelFunc)
	s.mu.Lock()
	s.core.start(now)
	s.unlock(now)
	return s, nil
}

// ID returns the session's name, the same on both sides.
func (s *Session) ID() ID { return s.id }

// Done returns a channel that is closed when the session has ended; Err tells why.
// What was received before can still be had from Receive.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is nil until the session has ended; then it is ErrClosed or a *LostError.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.end.err
}

// Send queues msg for delivery, exactly once and in order. It blocks while the buffers are
// full or the peer's application is too far behind, not for an outage as such; msg may be reused
// when it returns.
//
// nil means that the message will be delivered unless the session is lost; then its verdict
// is in the LostError. Any other error means that it will not be: ctx's, ErrTooLarge,
// ErrClosed, or a *LostError.
func (s *Session) Send(ctx context.Context, msg []byte) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if len(msg) <= maxFragment {
		if s.sendNow(msg) {
			return nil
		}
	}
	return s.sendSlowly(ctx, msg)
}

// TrySend is Send without waiting: ErrFull if there is no room now. Messages above 32 KiB
// need to wait by nature and are refused with ErrTooLarge.
func (s *Session) TrySend(msg []byte) error {
	if len(msg) > maxFragment {
		return ErrTooLarge
	}
	if s.sendNow(msg) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sendable(len(msg)); err != nil {
		return err
	}
	return ErrFull
}

// Receive returns the next message; the slice is the caller's. When the peer has closed the
// session and everything was received it returns io.EOF, after this side's close ErrClosed,
// and else a *LostError.
func (s *Session) Receive(ctx context.Context) ([]byte, error) {
	return s.ReceiveAppend(ctx, nil)
}

// ReceiveAppend is Receive into memory of the caller's: the message is appended to dst,
// which is returned as it was with an error.
func (s *Session) ReceiveAppend(ctx context.Context, dst []byte) ([]byte, error) {
	for {
		if msg, err, ok := s.receiveNow(dst); ok {
			return msg, err
		}
		select {
		case <-s.data:
		case <-s.done:
		case <-ctx.Done():
			return dst, context.Cause(ctx)
		}
	}
}

func (s *Session) receiveNow(dst []byte) (msg []byte, err error, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.core.stream
	msg, ok = st.consume(dst)
	if st.creditDue {
		s.wakeWriter()
	}
	switch {
	case ok:
		s.arrived() // another receiver may be waiting
		if msg == nil {
			msg = []byte{}
		}
		return msg, nil, true
	case s.core.phase != phaseEnded:
		return dst, nil, false
	}
	if lost, ok := errors.AsType[*LostError](s.core.end.err); ok && lost.Reason == ReasonPeerClosed {
		return dst, io.EOF, true
	}
	return dst, s.core.end.err, true
}

// Close ends the session for both sides in an orderly way: what was sent is delivered and
// acknowledged first, across outages if need be, until ctx is done. nil means that the peer
// has everything. After an error the session goes on closing; CloseNow ends it.
func (s *Session) Close(ctx context.Context) error {
	now := time.Now()
	s.mu.Lock()
	s.core.close(now)
	s.unlock(now)
	select {
	case <-s.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	lost, ok := errors.AsType[*LostError](s.core.end.err)
	if s.core.end.orderly || (ok && lost.delivered()) {
		return nil
	}
	return s.core.end.err
}

// CloseNow ends this side at once; the peer is told if that is possible without waiting, and
// else finds the session gone. It returns when the session's goroutines have ended.
func (s *Session) CloseNow() error {
	now := time.Now()
	s.mu.Lock()
	s.core.closeNow(now)
	s.core.stream.in.release()
	s.unlock(now)
	s.wg.Wait()
	return nil
}

// Nudge says that now is a good time to look, and why: TriggerWake, TriggerNetwork or
// TriggerManual. A linked session probes its link, another one dials at once.
func (s *Session) Nudge(reason Trigger) {
	now := time.Now()
	s.mu.Lock()
	s.core.nudge(now, reason)
	s.unlock(now)
}

// unlock ends a critical section in which the core's state may have changed: it draws all
// consequences and releases mu.
func (s *Session) unlock(now time.Time) {
	changes := s.takeChanges()
	ended := s.settle(now)
	if s.core.dialDue(now) {
		s.startAttempt(now)
	}
	if s.core.wantsWrite() {
		s.wakeWriter()
	}
	s.rearm()
	s.mu.Unlock()
	for _, ch := range changes {
		s.logChange(ch)
		if s.home != nil && ch.To == Detached {
			s.home.trim()
		}
	}
	if ended && s.home != nil {
		s.home.forget(s)
	}
}

// settle makes the driver agree with the core about the link and the end. mu is held.
func (s *Session) settle(now time.Time) (ended bool) {
	if s.link != nil && (s.core.link != linkUp || s.core.linkID != s.link.id) {
		s.dropLink(s.core.out.farewell)
		s.core.out.farewell = nil
		s.madeSpace()
	}
	if s.core.phase != phaseEnded || s.over {
		return false
	}
	s.over = true
	s.timer.Stop()
	for _, cancel := range s.attempts {
		cancel()
	}
	close(s.done)
	return true
}

// rearm sets the timer if the core wants to be looked at sooner than it would fire. A later
// wish is seen to when it fires. mu is held.
func (s *Session) rearm() {
	next := s.core.deadline()
	if next.IsZero() || (!s.core.armed.IsZero() && !next.Before(s.core.armed)) {
		return
	}
	s.core.armed = next
	s.timer.Reset(max(time.Until(next), 1)) // never in the past: Go 1.26's synctest crashes on that under -race
}

func (s *Session) onTimer() {
	now := time.Now()
	s.mu.Lock()
	linkID := s.core.linkID
	if lost, trigger := s.core.tick(now); lost {
		s.core.linkLost(now, linkID, trigger, errSilent)
	}
	s.core.armed = time.Time{}
	s.unlock(now)
}

// arrived tells a receiver to look, if there is something to see. mu is held.
func (s *Session) arrived() {
	if s.core.stream.in.bytes > 0 {
		select {
		case s.data <- struct{}{}:
		default:
		}
	}
}

// madeSpace tells senders that wait to look again. mu is held.
func (s *Session) madeSpace() {
	if s.space != nil {
		close(s.space)
		s.space = nil
	}
}
