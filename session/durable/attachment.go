package durable

import (
	"context"
	"strings"
	"sync"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// attachment is a channel's use of one session.
type attachment struct {
	channel *Channel
	session *session.Session
	other   func(*session.Stream)
	ctx     context.Context // done when the attachment is over
	cancel  context.CancelCauseFunc
	wg      sync.WaitGroup

	control  *session.Stream // what this side says
	admitted chan struct{}   // closed when the peer's hello was accepted and is on disk
}

// Run carries the channel over s until s ends, ctx is done, a later session takes over, or
// the two sides don't fit; it says which. Streams of s that are not the channel's go to other,
// which must not block; without it they are reset. Nobody else may call s.AcceptStream.
func (c *Channel) Run(ctx context.Context, s *session.Session, other func(*session.Stream)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &attachment{channel: c, session: s, other: other, ctx: ctx, cancel: cancel, admitted: make(chan struct{})}
	defer a.over()
	if err := c.Err(); err != nil && !errors.Is(err, ErrEnded) {
		return err
	}
	var err error
	if a.control, err = s.OpenStream(ctx, prefix); err != nil {
		return err
	}
	c.mu.Lock()
	greeting := c.party.hello()
	c.mu.Unlock()
	if greeting.relation == ([16]byte{}) && dials(a.control) {
		if greeting.relation, err = c.propose(ctx); err != nil {
			return err
		}
	}
	if err := a.control.Send(ctx, greeting.append(nil)); err != nil {
		return err
	}
	for {
		st, err := s.AcceptStream(ctx)
		if err != nil {
			return a.reason(err)
		}
		a.route(st)
	}
}

// reason is why the attachment is over, given that err was seen.
func (a *attachment) reason(err error) error {
	if a.ctx.Err() != nil {
		return context.Cause(a.ctx)
	}
	return err
}

// over ends everything that belongs to the attachment.
func (a *attachment) over() {
	a.cancel(context.Canceled)
	c := a.channel
	c.mu.Lock()
	if c.current == a {
		c.current = nil
	}
	c.mu.Unlock()
	if a.control != nil {
		_ = a.control.CloseSend(a.ctx) // what was said is still heard, should the session go on
	}
	a.wg.Wait()
}

// dials reports whether this side dialled the session that it opened st on: its streams have
// odd numbers (docs/protocol.md §6).
func dials(st *session.Stream) bool { return st.ID()%2 == 1 }

// route hands a stream of the session to whom it is for.
func (a *attachment) route(st *session.Stream) {
	name, ours := strings.CutPrefix(st.Name(), prefix)
	switch {
	case ours && name == "":
		a.spawn(func() { a.listen(st) })
	case ours:
		a.spawn(func() { a.receive(st, name) })
	case a.other != nil:
		a.other(st)
	default:
		a.spawn(func() { st.Reset(a.ctx) })
	}
}

func (a *attachment) spawn(f func()) { a.wg.Go(f) }

// listen follows the peer's control lane.
func (a *attachment) listen(st *session.Stream) {
	defer release(st)
	for first := true; ; first = false {
		msg, err := st.Receive(a.ctx)
		if err != nil {
			return // Run will see it, too
		}
		if err := a.heard(first, msg); err != nil {
			a.cancel(err)
			return
		}
	}
}

// heard acts on a message of the control lane.
func (a *attachment) heard(first bool, msg []byte) error {
	if len(msg) == 0 || first != (messageType(msg[0]) == typeHello) && messageType(msg[0]) != typeRefuse {
		return a.refuse(malformed("control message"))
	}
	body := msg[1:]
	switch messageType(msg[0]) {
	case typeHello:
		h, err := parseHello(body)
		if err != nil {
			return a.refuse(err)
		}
		return a.admit(h)
	case typeRefuse:
		e := parseRefusal("", body)
		if e.ErrorPersistence() == errors.Permanent {
			a.channel.fail(e)
		}
		return e
	case typeEnd, typeEndAck:
		return a.ended(messageType(msg[0]), body)
	default:
		return a.refuse(malformed("control message"))
	}
}

// refuse tells the peer that there is no going on, and why.
func (a *attachment) refuse(err error) error {
	if e, ok := errors.AsType[*RefusedError](err); ok && !e.ByPeer {
		a.channel.log.Warn("refused the peer", "session", a.session.ID(), "error", err)
		_ = a.control.Send(a.ctx, appendRefusal(nil, e)) // without a session there is nobody to tell
	}
	return err
}

// admit judges the peer's hello, makes the verdict durable and only then lets anything else
// have an effect.
func (a *attachment) admit(h hello) error {
	c := a.channel
	select {
	case c.admission <- struct{}{}:
	case <-a.ctx.Done():
		return context.Cause(a.ctx)
	}
	defer func() { <-c.admission }()

	c.mu.Lock()
	before := c.party
	after, err := c.party.judge(h)
	c.mu.Unlock()
	if e, ok := errors.AsType[*RefusedError](err); ok && e.ByPeer {
		c.fail(err) // it is this side's journal that is of no use
	}
	if err != nil {
		return a.refuse(err)
	}
	if err := c.persist(a.ctx, before, after); err != nil {
		return err
	}
	c.mu.Lock()
	former := c.current
	c.party, c.current = after, a
	over := c.end.phase != endNone
	close(a.admitted)
	if !over {
		for _, st := range c.allLocked() {
			a.transmit(st)
		}
	}
	c.mu.Unlock()
	if former != nil {
		former.cancel(errReplaced)
	}
	if over {
		a.spawn(func() { a.sayEnd(typeEnd) })
	}
	return nil
}

// propose gives the relation its name, which the dialing side does.
func (c *Channel) propose(ctx context.Context) ([16]byte, error) {
	c.admission <- struct{}{}
	defer func() { <-c.admission }()
	c.mu.Lock()
	before := c.party
	c.mu.Unlock()
	after := before
	if after.relation != ([16]byte{}) {
		return after.relation, nil
	}
	after.relation = session.NewID()
	if err := c.persist(ctx, before, after); err != nil {
		return after.relation, err
	}
	c.mu.Lock()
	c.party.relation = after.relation
	c.mu.Unlock()
	return after.relation, nil
}

// persist makes what changed in the party durable.
func (c *Channel) persist(ctx context.Context, before, after party) error {
	if after.relation != before.relation {
		err := c.journal.SetIdentity(ctx, journal.Identity{Session: after.relation})
		if err := c.tolerate(err); err != nil {
			return err
		}
	}
	if after.peer != before.peer {
		err := c.journal.RaiseAccepted(ctx, journal.Fence{Incarnation: after.peer.generation, Attempt: after.peer.nonce})
		if err := c.tolerate(err); err != nil {
			return err
		}
	}
	return nil
}

// tolerate lets a failed journal pass where the channel may go on without it.
func (c *Channel) tolerate(err error) error {
	if c.cfg.OnFailure == MemoryOnly && errors.Is(err, journal.ErrFailed) {
		return nil
	}
	return err
}

// release gives a lane back, if its session goes on without the channel.
func release(st *session.Stream) {
	past, cancel := context.WithCancel(context.Background())
	cancel()
	_ = st.Reset(past) // nothing to do where there is no room, or no session
}
