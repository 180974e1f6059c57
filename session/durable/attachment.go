package durable

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

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
	heardOf  bool            // the peer's control lane has come; Run's goroutine only
	admitted chan struct{}   // closed when the peer's hello was accepted and is on disk
	number   uint64          // of this side's Runs, from 1
}

// Run carries the channel over s until s ends, ctx is done, a later session takes over, the
// peer's Run has returned, or the two sides don't fit; it says which. Streams of s that are not
// the channel's go to other, which must not block; without it they are reset. Nobody else may
// call s.AcceptStream. One Run at a time can have a session.
func (c *Channel) Run(ctx context.Context, s *session.Session, other func(*session.Stream)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &attachment{channel: c, session: s, other: other, ctx: ctx, cancel: cancel, admitted: make(chan struct{})}
	if err := c.begin(a); err != nil {
		cancel(err)
		return err
	}
	defer a.over()
	var err error
	if a.control, err = s.OpenStream(ctx, prefix); err != nil {
		return a.reason(err)
	}
	greeting, err := c.greeting(ctx, dials(a.control))
	if err != nil {
		return a.reason(err)
	}
	if err := a.control.Send(ctx, greeting.append(nil)); err != nil {
		return a.reason(err)
	}
	for {
		st, err := s.AcceptStream(ctx)
		if err != nil {
			return a.reason(err)
		}
		a.route(st)
	}
}

// begin enters an attachment into the channel's list.
func (c *Channel) begin(a *attachment) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil && c.err != ErrEnded || c.end.wasClosed:
		return cmp.Or(c.err, ErrClosed)
	case c.runs[a.session] != nil:
		return fmt.Errorf("durable: Run called twice for session %v: %w", a.session.ID(), errors.Invalid)
	}
	c.runs[a.session] = a
	c.begun++
	a.number = c.begun
	return nil
}

// greeting returns this side's hello. The dialing side gives the relation its name.
func (c *Channel) greeting(ctx context.Context, dials bool) (hello, error) {
	c.mu.Lock()
	h := c.party.hello()
	c.mu.Unlock()
	var err error
	if h.relation == ([16]byte{}) && dials {
		h.relation, err = c.propose(ctx)
	}
	return h, err
}

// reason is why the attachment is over, given that err was seen.
func (a *attachment) reason(err error) error {
	if a.ctx.Err() != nil {
		return context.Cause(a.ctx)
	}
	return err
}

// goodbye is how long the end of the control lane waits for room to be said in.
const goodbye = time.Second

// over ends everything that belongs to the attachment.
func (a *attachment) over() {
	a.cancel(context.Canceled)
	c := a.channel
	c.mu.Lock()
	delete(c.runs, a.session)
	if c.current == a {
		c.current = nil
	}
	c.mu.Unlock()
	if a.control != nil {
		// What was said is still heard, should the session go on.
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		_ = a.control.CloseSend(ctx)
		cancel()
	}
	a.wg.Wait()
}

// isCurrent reports whether no later session has taken over.
func (a *attachment) isCurrent() bool {
	a.channel.mu.Lock()
	defer a.channel.mu.Unlock()
	return a.channel.current == a
}

// dials reports whether this side dialled the session that it opened st on: its streams have
// odd numbers (docs/protocol.md §6).
func dials(st *session.Stream) bool { return st.ID()%2 == 1 }

// route hands a stream of the session to whom it is for.
func (a *attachment) route(st *session.Stream) {
	name, ours := strings.CutPrefix(st.Name(), prefix)
	switch {
	case ours && name == "" && a.heardOf:
		err := malformed("second control lane")
		a.cancel(err) // before the peer's answer gives another reason
		_ = a.refuse(err)
	case ours && name == "":
		a.heardOf = true
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
			if errors.Is(err, io.EOF) || errors.Is(err, session.ErrReset) {
				a.cancel(errLeft)
			}
			return // if it is the session that has ended Run will see it, too
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
			a.channel.stop(e)
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
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), goodbye)
		defer cancel()
		_ = a.control.Send(ctx, appendRefusal(nil, e)) // without a session there is nobody to tell
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
	before, latest := c.party, c.latest
	after, err := c.party.judge(h)
	c.mu.Unlock()
	if a.number < latest {
		return errReplaced // what it says of the peer may be long past: it accuses nobody
	}
	if e, ok := errors.AsType[*RefusedError](err); ok && e.ByPeer {
		c.stop(err) // it is this side's journal that is of no use
	}
	if err != nil {
		return a.refuse(err)
	}
	if err := c.persist(a.ctx, before, after); err != nil {
		return err
	}
	c.mu.Lock()
	c.party = after
	if a.ctx.Err() != nil { // Run is on its way out and must not be the current one any more
		c.mu.Unlock()
		return context.Cause(a.ctx)
	}
	former := c.current
	c.current, c.latest = a, a.number
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
	select {
	case c.admission <- struct{}{}:
	case <-ctx.Done():
		return [16]byte{}, context.Cause(ctx)
	}
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
