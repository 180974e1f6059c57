package session

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// position is this side's, for an attach message.
func (c *core) position() position {
	return position{
		rxNext:   c.rx.next,
		rxDigest: c.rx.digest.Sum64(),
		txOldest: c.log.acked,
		txNext:   c.log.next,
	}
}

func (c *core) nonce() (n [16]byte) {
	binary.BigEndian.PutUint64(n[:8], c.random())
	binary.BigEndian.PutUint64(n[8:], c.random())
	return n
}

// beginAttempt numbers a new attempt and builds its request.
func (c *core) beginAttempt(now time.Time) (attempt uint64, request []byte, timeout time.Duration) {
	if c.link == linkUp {
		c.renewal.phase, timeout = renewalUnderWay, attemptTimeout
	} else {
		timeout = c.redial.attempted(now)
	}
	c.attempt++
	c.dials++
	q := attachRequest{
		kind:       attachResume,
		minVersion: protocolVersion,
		maxVersion: protocolVersion,
		features:   supportedFeatures,
		session:    c.id,
		owner:      c.cfg.Owner,
		dialer:     c.self,
		acceptor:   c.peer,
		attempt:    c.attempt,
		pos:        c.position(),
		maxMessage: uint32(c.cfg.MaxMessage),
		credit:     uint32(c.cfg.Credit),
		nonce:      c.nonce(),
	}
	key := c.secret
	if key == nil {
		q.kind, key = attachCreate, c.cfg.Key
	}
	return c.attempt, q.encode(key), timeout
}

// errRefused is a refusal after which it makes sense to try again.
type errRefused struct {
	status     refusal
	retryAfter time.Duration
}

func (e *errRefused) Error() string                  { return "session: attach refused: " + e.status.String() }
func (e *errRefused) ErrorRetryAfter() time.Duration { return e.retryAfter }
func (e *errRefused) ErrorKind() errors.Kind {
	switch e.status {
	case refusedProof:
		return errors.Unauthorized
	case refusedVersion:
		return errors.Protocol
	default:
		return errors.Limit
	}
}
func (e *errRefused) Is(target error) bool {
	return target == ErrLimit && e.status == refusedLimit
}

// adopt takes in the reply to an attempt. nil means that the attempt's connection is now the
// link; otherwise the connection is of no use, and the session may have ended.
func (c *core) adopt(now time.Time, attempt uint64, request, raw []byte) error {
	if c.phase == phaseEnded || attempt < c.linkID { // a later one was the link, or still is
		return errOvertaken
	}
	reply, err := parseReply(raw)
	if err != nil {
		return err
	}
	secret, err := c.verify(reply, request, raw)
	if err != nil {
		return err
	}
	if reply.status != accepted {
		return c.onRefused(now, reply)
	}
	if err := c.checkReply(reply, attempt); err != nil {
		c.abort(now, ReasonProtocol, err)
		return err
	}
	if c.link == linkUp {
		c.linkLost(now, c.linkID, c.renewal.trigger(), nil)
		c.out.farewell = nil // the peer has cut it off itself
	}
	if reason, err := c.join(reply.pos); err != nil {
		c.abort(now, reason, err)
		return err
	}
	c.secret, c.peer = secret, reply.acceptor
	c.peerMax = int(reply.maxMessage)
	c.streams.limits(uint64(reply.credit))
	c.redial.linked(now)
	c.linkedUp(now, attempt)
	return nil
}

// verify checks a reply's proof and returns the session's secret under it. A refusal may
// also be proven with the key: the peer may no longer know the session.
func (c *core) verify(reply *attachReply, request, raw []byte) (secret []byte, err error) {
	if c.secret != nil && verifyReply(c.secret, request, raw) {
		return c.secret, nil
	}
	if (c.secret == nil || reply.status != accepted) && verifyReply(c.cfg.Key, request, raw) {
		return sessionSecret(c.cfg.Key, c.id, reply.acceptor), nil
	}
	if reply.status == refusedLimit || reply.status == refusedShuttingDown {
		return nil, &errRefused{reply.status, min(reply.retryAfter, calmMax)}
	}
	return nil, fmt.Errorf("%w: the peer did not prove that it holds the key", ErrUnauthorized)
}

func (c *core) checkReply(reply *attachReply, attempt uint64) error {
	switch {
	case reply.session != c.id || reply.mark != attempt:
		return violation("4.2", "reply for another attempt")
	case reply.version != protocolVersion:
		return violation("4.2", "version %d chosen", reply.version)
	case reply.features&^supportedFeatures != 0:
		return violation("4.2", "features %#x chosen", reply.features)
	case c.peer != 0 && reply.acceptor != c.peer:
		return violation("4.2", "another incarnation accepts")
	case reply.credit < minCredit || reply.maxMessage < maxFragment:
		return violation("4.2", "credit %d, message limit %d", reply.credit, reply.maxMessage)
	}
	return nil
}

// onRefused acts on a refusal that the peer has proven.
func (c *core) onRefused(now time.Time, reply *attachReply) error {
	err := &errRefused{reply.status, min(reply.retryAfter, calmMax)}
	switch reply.status {
	case refusedStale:
		c.attempt = max(c.attempt, reply.mark)
		return err
	case refusedLimit, refusedShuttingDown:
		return err
	case refusedEnded, refusedAborted:
		c.settle(reply.pos.rxNext)
		switch {
		case c.phase == phaseDraining && c.allReceived():
			c.conclude(now)
		case reply.status == refusedEnded && reply.pos.txNext == c.rx.next:
			c.lose(now, ReasonPeerClosed, nil)
		default:
			c.lose(now, ReasonPeerAborted, nil)
		}
	case refusedUnknown:
		c.lose(now, ReasonStateLost, nil)
	case refusedIncarnation:
		c.lose(now, ReasonSuperseded, nil)
	case refusedPosition:
		c.lose(now, ReasonPosition, nil)
	case refusedDigest:
		c.lose(now, ReasonDigest, nil)
	case refusedVersion:
		c.lose(now, ReasonVersion, nil)
	default:
		c.lose(now, ReasonRefused, err)
	}
	return err
}

// accept answers a request whose proof was verified with the session's secret. When the
// status is accepted, the former link is fenced off and the receive cursor in the reply is
// the one at that moment.
func (c *core) accept(now time.Time, q *attachRequest) attachReply {
	reply := c.reply(accepted)
	refuse := func(r refusal) attachReply { reply.status = r; return reply }
	switch {
	case c.phase == phaseEnded && q.dialer == c.peer:
		return refuse(c.epitaph().status)
	case q.dialer != c.peer:
		if q.dialer > c.peer {
			// The peer's process is a new one; this session's messages live in memory only.
			c.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)
			c.lose(now, ReasonStateLost, nil)
		}
		return refuse(refusedIncarnation)
	case q.attempt <= c.attempt:
		return refuse(refusedStale)
	case q.acceptor != 0 && q.acceptor != c.self:
		return refuse(refusedUnknown)
	case q.credit < minCredit || q.maxMessage < maxFragment:
		return refuse(refusedPosition)
	}
	// What the request says is a lower bound: the former link may have carried more since.
	pos := q.pos
	pos.txNext = max(pos.txNext, c.rx.next)
	if pos.rxNext < c.log.acked {
		pos.rxNext = c.log.acked
		pos.rxDigest, _ = c.log.digestAt(pos.rxNext)
	}
	if reason, err := c.joinable(pos); err != nil {
		if reason == ReasonDigest {
			c.abort(now, reason, err)
			return refuse(refusedDigest)
		}
		c.abort(now, reason, err)
		return refuse(refusedPosition)
	}
	if c.link == linkUp {
		c.linkLost(now, c.linkID, TriggerPeer, nil)
		c.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)
	}
	c.joined(pos)
	c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching
	c.peerMax = int(q.maxMessage)
	c.streams.limits(uint64(q.credit))
	return c.reply(accepted)
}

func (c *core) reply(status refusal) attachReply {
	return attachReply{
		status:     status,
		version:    protocolVersion,
		features:   supportedFeatures,
		session:    c.id,
		acceptor:   c.self,
		mark:       c.attempt,
		pos:        c.position(),
		maxMessage: uint32(c.cfg.MaxMessage),
		credit:     uint32(c.cfg.Credit),
		nonce:      c.nonce(),
	}
}

// bound makes the accepted attempt's connection the link.
func (c *core) bound(now time.Time, linkID uint64) bool {
	if c.phase == phaseEnded || c.link != linkAttaching || linkID != c.linkID {
		return false
	}
	c.linkedUp(now, linkID)
	return true
}

// unbound gives the accepted attempt up: its connection could not be set up.
func (c *core) unbound(now time.Time, linkID uint64, err error) {
	if c.phase == phaseEnded || c.link != linkAttaching || linkID != c.linkID {
		return
	}
	c.everLinked = true // for all that the dialing side knows
	c.linkLost(now, linkID, TriggerError, err)
}

// join checks the peer's position against ours and continues from it.
func (c *core) join(pos position) (Reason, error) {
	if reason, err := c.joinable(pos); err != nil {
		return reason, err
	}
	c.joined(pos)
	return 0, nil
}

func (c *core) joined(pos position) {
	c.log.ack(pos.rxNext)
	c.replaying = max(c.log.sent, c.log.acked) - c.log.acked
	c.counts.replayed += c.replaying
	c.log.seek(c.log.acked)
}

// joinable checks that the two sides can go on with one another without loss.
func (c *core) joinable(pos position) (Reason, error) {
	switch {
	case pos.rxNext > c.log.next:
		return ReasonPosition, fmt.Errorf("session: peer expects %d, only %d were sent", pos.rxNext, c.log.next)
	case pos.rxNext < c.log.acked:
		return ReasonPosition, fmt.Errorf("session: peer expects %d, has acknowledged %d", pos.rxNext, c.log.acked)
	case pos.txOldest > c.rx.next:
		return ReasonPosition, fmt.Errorf("session: peer keeps from %d, expected %d", pos.txOldest, c.rx.next)
	case pos.txNext < c.rx.next:
		return ReasonPosition, fmt.Errorf("session: peer has sent %d, received %d", pos.txNext, c.rx.next)
	}
	if d, ok := c.log.digestAt(pos.rxNext); ok && d != pos.rxDigest {
		return ReasonDigest, errors.New("session: the peer received something else than was sent")
	}
	return 0, nil
}

// linkedUp starts a link: what the peer must know first is made due, and it is pinged.
func (c *core) linkedUp(now time.Time, linkID uint64) {
	resumed := c.everLinked
	c.link, c.linkID, c.everLinked = linkUp, linkID, true
	c.out, c.moving = outbox{ping: true, ackNow: true}, false
	c.streams.all(c.streams.owe)
	c.rx.acked = c.rx.next
	c.streams.progressAt = now
	c.tellLinked(now, resumed)
	c.live.begin(now, c.random())
	if resumed {
		c.counts.resumes++
	}
	trigger := TriggerStart
	if resumed {
		trigger = c.lostBy
	}
	ch := c.publish(now, trigger, nil)
	if ch == nil {
		return
	}
	ch.Dials = c.dials
	if resumed {
		ch.Outage, ch.Silence = now.Sub(c.lostAt), c.silence
		ch.Replayed = c.replaying
	}
}
