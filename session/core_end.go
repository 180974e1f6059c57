package session

import (
	"io"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// ending is how and why a session ended.
type ending struct {
	err error // ErrClosed or a *LostError
	// peerHas is the peer's final receive cursor, where it left word.
	peerHas   uint64
	peerKnown bool
	// orderly: Close was called and the peer has everything.
	orderly bool
}

// Codes of ABORT frames (protocol.md §7.3).
const (
	abortUnspecified uint64 = 0
	abortProtocol    uint64 = 1
	abortDigest      uint64 = 2
	abortPosition    uint64 = 3
	abortExpired     uint64 = 4
	abortEvicted     uint64 = 5
)

func abortCode(r Reason) uint64 {
	switch r {
	case ReasonProtocol:
		return abortProtocol
	case ReasonDigest:
		return abortDigest
	case ReasonPosition:
		return abortPosition
	case ReasonExpired:
		return abortExpired
	case ReasonEvicted:
		return abortEvicted
	default:
		return abortUnspecified
	}
}

func abortReason(code uint64) Reason {
	switch code {
	case abortDigest:
		return ReasonDigest
	case abortPosition:
		return ReasonPosition
	case abortExpired, abortEvicted:
		return ReasonStateLost
	default:
		return ReasonPeerAborted
	}
}

// peerError is text from the peer; it is data, not ours.
type peerError string

func (e peerError) Error() string { return "peer says: " + string(e) }

func peerText(s string) error {
	if s == "" {
		return nil
	}
	clean := []rune(s)
	for i, r := range clean {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			clean[i] = '?'
		}
	}
	return peerError(clean)
}

// close begins the orderly end: END goes out after everything that was sent.
func (c *core) close(now time.Time) {
	if c.phase != phaseOpen {
		return
	}
	c.phase = phaseDraining
	c.publish(now, TriggerManual, nil)
	if !c.everLinked && c.role == dialing && c.log.next == 0 && c.link == linkNone && c.attempt == 0 {
		c.conclude(now) // the peer has never heard of it
	}
}

// closeNow ends this side at once and tells the peer if it can be told.
func (c *core) closeNow(now time.Time) {
	if c.phase != phaseEnded {
		c.out.farewell = appendReason(nil, frameAbort, "", abortUnspecified, c.rx.next)
		c.finish(now, ErrClosed)
	}
}

// abort ends the session because of something the peer did, and tells it.
func (c *core) abort(now time.Time, reason Reason, cause error) {
	if c.phase != phaseEnded {
		c.out.farewell = appendReason(nil, frameAbort, "", abortCode(reason), c.rx.next)
		c.lose(now, reason, cause)
	}
}

// onEnd: the peer has closed. Everything it sent has arrived, unless we have frozen our
// own cursor by closing at the same time.
func (c *core) onEnd(now time.Time, final, peerNext uint64) error {
	if final < c.rx.next || (final > c.rx.next && !c.rx.frozen) {
		return violation("7.2", "END at %d, received %d", final, c.rx.next)
	}
	if peerNext > c.log.next {
		return violation("7.2", "END acknowledges %d, sent %d", peerNext, c.log.next)
	}
	c.settle(peerNext)
	c.out.farewell = appendControl(nil, frameEndAck, final, c.rx.next)
	if c.phase == phaseDraining && c.allReceived() {
		c.conclude(now)
		return nil
	}
	if final > c.rx.next { // this side had stopped listening before the last of it came
		c.lose(now, ReasonPeerAborted, nil)
		return nil
	}
	c.lose(now, ReasonPeerClosed, nil)
	return nil
}

func (c *core) onEndAck(now time.Time, final, peerNext uint64) error {
	if !c.out.endSent || final != c.log.next || peerNext > final {
		return violation("7.2", "END-ACK of %d, %d", final, peerNext)
	}
	c.settle(peerNext)
	if c.allReceived() {
		c.conclude(now)
		return nil
	}
	c.lose(now, ReasonPeerClosed, nil)
	return nil
}

// onSuperseded: another attempt has taken the session. One of our own is ordinary loss;
// another process's is final, or the two would take it from each other for ever.
func (c *core) onSuperseded(now time.Time, winner incarnation, attempt uint64) {
	if c.role == dialing && winner == c.self {
		c.linkLost(now, c.linkID, TriggerPeer, nil)
		return
	}
	c.lose(now, ReasonSuperseded, nil)
}

// epitaph is what attaches are told of a session that has ended.
func (c *core) epitaph() epitaph {
	e := epitaph{status: refusedAborted, peer: c.peer, rxNext: c.rx.next, txNext: c.log.next}
	if lost, ok := errors.AsType[*LostError](c.end.err); c.end.orderly || (ok && lost.Reason == ReasonPeerClosed) {
		e.status = refusedEnded
	}
	return e
}

// receiveError is what a receiver gets when the session has ended and all is consumed.
func (c *core) receiveError() error {
	if lost, ok := errors.AsType[*LostError](c.end.err); ok && lost.Reason == ReasonPeerClosed {
		return io.EOF
	}
	return c.end.err
}

// settle notes the peer's final word on what it has received.
func (c *core) settle(peerNext uint64) {
	if peerNext <= c.log.next {
		c.end.peerHas, c.end.peerKnown = peerNext, true
	}
}

// allReceived reports whether the peer's final word is that it has everything.
func (c *core) allReceived() bool {
	return c.log.unacked() == 0 || (c.end.peerKnown && c.end.peerHas == c.log.next)
}

// lose ends the session with a LostError that accounts for every unsettled message.
func (c *core) lose(now time.Time, reason Reason, cause error) {
	if c.phase == phaseEnded {
		return
	}
	c.finish(now, &LostError{Session: c.id, Reason: reason, Unsettled: c.unsettled(), Cause: cause})
}

// conclude ends the session after this side's Close has reached its aim.
func (c *core) conclude(now time.Time) {
	c.end.orderly = true
	c.finish(now, ErrClosed)
}

// finish ends the session. What was received stays until it is consumed.
func (c *core) finish(now time.Time, err error) {
	c.ended(now, err)
	c.phase, c.link, c.end.err = phaseEnded, linkNone, err
	c.log.release()
	c.streams.all(func(st *stream) {
		st.shrink(c.cfg.Budget, c.cfg.Credit, c.streams.bounds.ordinary)
		if st.arriving { // the rest will never come
			st.in.truncate()
			st.settle(c.cfg.Budget)
		}
		c.streams.touch(st)
	})
	trigger := TriggerManual
	if !errors.Is(err, ErrClosed) {
		trigger = TriggerError
	}
	c.publish(now, trigger, err)
}

// unsettled lists the messages that the peer has not acknowledged, each with its verdict.
func (c *core) unsettled() []Unsettled {
	var list []Unsettled
	add := func(last uint64, u Unsettled) {
		switch {
		case !c.end.peerKnown:
			u.Verdict = Unknown
		case last < c.end.peerHas:
			u.Verdict = Committed
		default:
			u.Verdict = NotReceived
		}
		list = append(list, u)
	}
	joined := make(map[uint64][]byte) // by stream
	c.log.each(func(seq uint64, f sequencedFrame) {
		if f.typ == frameMessage {
			add(seq, Unsettled{Stream: f.stream, Payload: append([]byte{}, f.body...), Size: len(f.body)})
			return
		}
		m, ok := c.log.messageOf(f.stream, seq)
		if !ok {
			return // abandoned, or its Send has not returned
		}
		if f.typ == frameFirst {
			_, n := uvarint(f.body)
			joined[f.stream] = append(make([]byte, 0, m.size), f.body[n:]...)
		} else if m.first >= c.log.acked {
			joined[f.stream] = append(joined[f.stream], f.body...)
		}
		if seq == m.last {
			add(seq, Unsettled{Stream: f.stream, Payload: joined[f.stream], Size: m.size})
			delete(joined, f.stream)
		}
	})
	return list
}
