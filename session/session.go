package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
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
	// parked is what home counts as held by this session without a link; mu guards it.
	parked int64

	main *Stream
	done chan struct{} // closed when the session has ended
	news chan struct{} // capacity 1: the peer may have opened a stream
	wg   sync.WaitGroup

	mu sync.Mutex
	// guards following; released by unlock wherever the core's state may have changed
	core     *core
	link     *link
	attempts map[uint64]context.CancelFunc
	timer    *time.Timer
	waiting  waiting       // senders
	state    chan struct{} // closed and forgotten at the next change of state
	watchers map[*watcher]struct{}
	afterEnd map[*func()]struct{} // what is to be called when the session has ended
	record   record
	offered  bool // to Accept
	over     bool // done is closed
}

// record is what Stats tells and the core does not need.
type record struct {
	began          time.Time
	since          time.Time // of the current state
	inState        [stateCount]time.Duration
	counted        time.Time // until when inState is
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
		news:   make(chan struct{}, 1),
		core:   newCore(cfg, role, id, self, randomUint64),
		record: record{began: now, since: now, counted: now},
	}
	s.main = newStream(s, &s.core.streams.main)
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

// Send sends msg on the session's main stream; see Stream.Send.
func (s *Session) Send(ctx context.Context, msg []byte) error { return s.main.Send(ctx, msg) }

// TrySend is Send without waiting; see Stream.TrySend.
func (s *Session) TrySend(msg []byte) error { return s.main.TrySend(msg) }

// Receive returns the next message of the session's main stream; see Stream.Receive.
func (s *Session) Receive(ctx context.Context) ([]byte, error) { return s.main.Receive(ctx) }

// ReceiveAppend is Receive into memory of the caller's; see Stream.ReceiveAppend.
func (s *Session) ReceiveAppend(ctx context.Context, dst []byte) ([]byte, error) {
	return s.main.ReceiveAppend(ctx, dst)
}

// spawn runs f as one of the session's goroutines, unless the session has ended.
func (s *Session) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.core.phase == phaseEnded {
		return false // others may be waiting for wg already
	}
	s.wg.Go(f)
	return true
}

// Close ends the session for both sides in an orderly way: what was sent is delivered and
// acknowledged first, across outages if need be, until ctx is done. nil means that the peer
// has everything. After an error the session goes on closing; CloseNow ends it.
func (s *Session) Close(ctx context.Context) error {
	now := time.Now()
	s.mu.Lock()
	s.core.close(now)
	s.madeSpace() // for senders that wait there will be none
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
	s.core.streams.all(func(st *stream) { st.discard(s.cfg.Budget) })
	s.unlock(now)
	s.cfg.Budget.releaseMessage(0) // receivers that wait for memory look again
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
	s.signal()
	if s.core.dialDue(now) {
		s.startAttempt(now)
	}
	if s.core.wantsWrite() {
		s.wakeWriter()
	}
	s.rearm(now)
	events := s.takeEvents() // an attempt may have begun just now
	parked := false
	if s.home != nil {
		for i := range changes {
			s.home.room.note(s, &changes[i])
			parked = parked || changes[i].To == Detached
		}
	}
	s.mu.Unlock()
	for _, e := range events {
		s.cfg.Observe(s, e)
	}
	for _, ch := range changes {
		s.logChange(ch)
	}
	if parked {
		s.home.trim(now)
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
	s.callAfterEnd()
	return true
}

// rearm sets the timer to when the core wants to be looked at, unless it is well to let it fire
// before: a later wish is seen to then. mu is held.
func (s *Session) rearm(now time.Time) {
	next := s.core.deadline()
	if !s.core.rearms(now, next) {
		return
	}
	if now := time.Now(); next.Before(now) {
		next = now // what is overdue says nothing about a pause
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
	var l *link
	if s.core.wantsWrite() && len(s.core.changes) == 0 && len(s.core.events) == 0 {
		l = s.claimWriter() // this goroutine may as well be the writer, if nobody has to be told anything first
	}
	s.unlock(now)
	if l != nil {
		s.writer(l)
	}
}

// madeSpace tells senders that wait to look again. mu is held.
func (s *Session) madeSpace() { s.waiting.tell() }

// madeTurn is madeSpace for a write, which lets senders of large messages go on: not for each
// fragment, since to wake one takes as long as to send a small packet. mu is held.
func (s *Session) madeTurn() {
	if s.core.log.unsentBytes(burst) <= burst/2 {
		s.madeSpace()
	}
}
