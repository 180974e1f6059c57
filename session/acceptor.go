package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// AcceptorConfig configures an Acceptor. A zero field means its default.
type AcceptorConfig struct {
	// Config is that of each accepted session; its Key is what the dialing side has to prove.
	Config
	// MaxSessions bounds the sessions kept, attached or not. One more is refused with ErrLimit
	// and a time to come back, unless another gives way: one that an earlier life of the same
	// owner has left, or else the one that has been without a link for longest, if that is
	// more than two minutes.
	MaxSessions int
	// MaxDetached and DetachedBytes bound what is kept for sessions without a link. Beyond
	// them the session that has been without one for longest is ended.
	MaxDetached   int
	DetachedBytes int
	// Overloaded, if set, says that new sessions are to be refused, as at MaxSessions; those
	// there are resume all the same. It must not block and may be called concurrently.
	Overloaded func() bool
}

// backlog is how many new sessions may wait for Accept.
const backlog = 64

// Acceptor keeps the accepting ends of sessions. Its methods may be called concurrently.
type Acceptor struct {
	cfg      AcceptorConfig
	self     incarnation
	incoming chan *Session
	done     chan struct{}

	mu sync.Mutex
	// guards following; never held while a session's mutex is
	sessions map[ID]*Session
	owned    map[ID]map[*Session]struct{} // by owner, of those that tell it
	graves   graveyard
	closed   bool

	room room
}

// NewAcceptor returns an Acceptor; the error is about cfg.
func NewAcceptor(cfg *AcceptorConfig) (*Acceptor, error) {
	if cfg == nil {
		cfg = &AcceptorConfig{}
	}
	r := *cfg
	if r.MaxSessions < 0 || r.MaxDetached < 0 || r.DetachedBytes < 0 {
		return nil, fmt.Errorf("session: AcceptorConfig.MaxSessions, MaxDetached or DetachedBytes is negative: %w", errors.Invalid)
	}
	var err error
	if r.Config, err = cfg.Config.resolve(); err != nil {
		return nil, err
	}
	r.MaxSessions = orDefault(r.MaxSessions, DefaultMaxSessions)
	r.MaxDetached = orDefault(r.MaxDetached, DefaultMaxDetached)
	r.DetachedBytes = orDefault(r.DetachedBytes, DefaultDetachedBytes)
	return &Acceptor{
		cfg:      r,
		self:     newIncarnation(time.Now()),
		incoming: make(chan *Session, backlog),
		done:     make(chan struct{}),
		sessions: make(map[ID]*Session),
	}, nil
}

// Accept returns the next new session, each once, when its first connection is up.
func (a *Acceptor) Accept(ctx context.Context) (*Session, error) {
	select {
	case s := <-a.incoming:
		return s, nil
	case <-a.done:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Sessions returns the sessions that are kept, attached or not, in no order.
func (a *Acceptor) Sessions() []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]*Session, 0, len(a.sessions))
	for _, s := range a.sessions {
		list = append(list, s)
	}
	return list
}

// Close refuses further attaches and closes all sessions in an orderly way; those that
// have not finished when ctx is done are ended at once.
func (a *Acceptor) Close(ctx context.Context) error {
	a.mu.Lock()
	first := !a.closed
	a.closed = true
	a.mu.Unlock()
	if first {
		close(a.done)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, s := range a.Sessions() {
		wg.Go(func() {
			err := s.Close(ctx)
			s.CloseNow()
			if err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Attachment is the answer to an attach request. On an accepted one, exactly one of Bind
// and Abort has to be called.
type Attachment struct {
	reply   []byte
	session *Session // nil when refused
	linkID  uint64
}

// Reply is what has to be sent to the dialing side, accepted or not. It is empty when the
// request could not even be read.
func (at *Attachment) Reply() []byte { return at.reply }

// Accepted reports whether the session waits for the connection.
func (at *Attachment) Accepted() bool { return at.session != nil }

// Bind hands over the connection on which the reply was sent. The session owns it from now on.
func (at *Attachment) Bind(conn Conn) {
	s, now := at.session, time.Now()
	s.mu.Lock()
	if !s.core.bound(now, at.linkID) {
		s.unlock(now)
		conn.Close() // overtaken by a later attempt
		return
	}
	s.startLink(at.linkID, conn)
	fresh := !s.offered
	s.offered = true
	s.unlock(now)
	if fresh {
		s.home.offer(s)
	}
}

// Abort says that the connection could not be set up after all. The session stays, like one
// whose link was lost: the reply may have arrived all the same.
func (at *Attachment) Abort(err error) {
	s, now := at.session, time.Now()
	s.mu.Lock()
	s.core.unbound(now, at.linkID, err)
	s.unlock(now)
}

// Attach answers an attach request. It validates everything about it before it touches the
// session; when it accepts, the session's former link is cut off. It does not block.
func (a *Acceptor) Attach(request []byte) *Attachment {
	q, err := parseRequest(request)
	if err != nil {
		return &Attachment{}
	}
	s, secret, status, fresh := a.find(q, request)
	if status == refusedLimit && a.makeRoom(time.Now(), q) {
		s, secret, status, fresh = a.find(q, request)
	}
	if s == nil {
		return &Attachment{reply: a.refuse(q, status, secret, request)}
	}
	now := time.Now()
	s.mu.Lock()
	reply := s.core.accept(now, q)
	ok := reply.status == accepted
	if fresh && !ok {
		s.core.finish(now, ErrClosed)
	}
	s.unlock(now)
	at := &Attachment{reply: reply.encode(secret, request)}
	if ok {
		at.session, at.linkID = s, q.attempt
		if fresh {
			a.endOlder(s, q)
		}
	}
	return at
}

// find returns the session that the request is for, a new one if it asks for that, or why
// there is none; and the key that the reply has to be proven with.
func (a *Acceptor) find(q *attachRequest, request []byte) (s *Session, key []byte, status refusal, fresh bool) {
	key = a.cfg.Key
	secret := sessionSecret(a.cfg.Key, q.session, a.self)
	byKey := q.kind == attachCreate && verifyRequest(key, request)
	bySecret := q.kind == attachResume && verifyRequest(secret, request)
	if bySecret {
		key = secret
	}
	overloaded := byKey && a.cfg.Overloaded != nil && a.cfg.Overloaded()

	a.mu.Lock()
	defer a.mu.Unlock()
	s = a.sessions[q.session]
	grave, dead := a.graves.find(q.session)
	switch {
	case q.kind == attachResume && !bySecret && q.acceptor != a.self:
		// A session of a former life of this endpoint: its secret died with it.
		return nil, key, refusedUnknown, false
	case !byKey && !bySecret:
		return nil, key, refusedProof, false
	case q.minVersion > protocolVersion || q.maxVersion < protocolVersion:
		return nil, key, refusedVersion, false
	case a.closed:
		return nil, key, refusedShuttingDown, false
	case dead && q.dialer != grave.peer:
		return nil, key, refusedIncarnation, false
	case dead:
		return nil, key, grave.status, false
	case s != nil:
		return s, key, accepted, false
	case q.kind == attachResume:
		return nil, key, refusedUnknown, false
	case len(a.sessions) >= a.cfg.MaxSessions || overloaded:
		return nil, key, refusedLimit, false
	}
	s = newSession(a.cfg.Config, accepting, q.session, a.self, time.Now())
	s.home = a
	s.core.peer, s.core.secret = q.dialer, secret
	s.core.owner = q.owner
	a.sessions[q.session] = s
	a.own(q.owner, s)
	return s, key, accepted, true
}

// retryLater is what a dialing side is told when there is no room.
const retryLater = 5 * time.Second

func (a *Acceptor) refuse(q *attachRequest, status refusal, key, request []byte) []byte {
	reply := attachReply{
		status: status, version: protocolVersion, features: supportedFeatures,
		session: q.session, acceptor: a.self, mark: q.attempt,
	}
	switch status {
	case refusedLimit, refusedShuttingDown:
		reply.retryAfter = retryLater
	case refusedEnded, refusedAborted:
		a.mu.Lock()
		grave, _ := a.graves.find(q.session)
		a.mu.Unlock()
		reply.pos.rxNext, reply.pos.txNext = grave.rxNext, grave.txNext
	}
	return reply.encode(key, request)
}

// offer queues a new session for Accept; when nobody accepts, it is ended.
func (a *Acceptor) offer(s *Session) {
	select {
	case a.incoming <- s:
	default:
		now := time.Now()
		s.mu.Lock()
		s.core.abort(now, ReasonEvicted, errors.New("session: too many wait to be accepted"))
		s.unlock(now)
	}
}

// forget buries a session that has ended.
func (a *Acceptor) forget(s *Session) {
	s.mu.Lock()
	e, owner := s.core.epitaph(), s.core.owner
	s.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sessions[s.id] == s {
		delete(a.sessions, s.id)
		a.graves.add(s.id, e)
		if delete(a.owned[owner], s); len(a.owned[owner]) == 0 {
			delete(a.owned, owner)
		}
	}
}

// own notes whose session s is. mu is held.
func (a *Acceptor) own(owner ID, s *Session) {
	switch {
	case owner == (ID{}):
		return
	case a.owned == nil:
		a.owned = make(map[ID]map[*Session]struct{})
	}
	if a.owned[owner] == nil {
		a.owned[owner] = make(map[*Session]struct{})
	}
	a.owned[owner][s] = struct{}{}
}

// ownedBy returns the sessions of an owner.
func (a *Acceptor) ownedBy(owner ID) []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.owned[owner]))
}
