package session

import (
	"encoding/binary"
	"time"
)

// send puts a whole message into the send log. Anything but spaceYes means that nothing
// has happened. msg is at most maxFragment bytes.
func (c *core) send(st *stream, msg []byte) space {
	n := sequencedLen(st.id, len(msg))
	if s := c.reserve(st, n); s != spaceYes {
		return s
	}
	c.log.append(frameMessage, st.id, nil, msg)
	return spaceYes
}

// sendFragment puts one piece of a larger message into the send log; offset tells where
// it stands in the message of total bytes.
func (c *core) sendFragment(st *stream, piece []byte, offset, total int) space {
	t, prefix := frameFragment, []byte(nil)
	var scratch [binary.MaxVarintLen64]byte
	if offset == 0 {
		t, prefix = frameFirst, binary.AppendUvarint(scratch[:0], uint64(total))
	}
	if s := c.reserve(st, sequencedLen(st.id, len(prefix)+len(piece))); s != spaceYes {
		return s
	}
	c.log.append(t, st.id, prefix, piece)
	if offset == 0 {
		st.firstSeq = c.log.next - 1
	}
	if offset+len(piece) == total {
		c.log.fragmented.push(fragmented{st.id, st.firstSeq, c.log.next - 1, total})
	}
	return spaceYes
}

// abandon withdraws a message of which some fragments have been sent.
func (c *core) abandon(st *stream) space {
	if s := c.reserve(st, sequencedLen(st.id, 0)); s != spaceYes {
		return s
	}
	c.log.append(frameAbandon, st.id, nil, nil)
	return spaceYes
}

// reserve makes room for a frame of n bytes and charges the stream's credit.
func (c *core) reserve(st *stream, n int) space {
	if c.phase != phaseOpen || st.out != flowing {
		return spaceNever // END may have gone: nothing can follow it
	}
	if st.credit() < uint64(n) {
		return spaceCredit
	}
	if s := c.room(n); s != spaceYes {
		return s
	}
	st.sentOffset += uint64(n)
	if c.streams.sent == c.streams.peerConsumed {
		c.streams.progressAt = time.Time{} // until this has left, nothing waits
	}
	c.streams.sent += uint64(n)
	return spaceYes
}

// attachedOnce is spaceYes once the peer's limits are known.
func (c *core) attachedOnce() space {
	if c.everLinked {
		return spaceYes
	}
	return spaceReplay
}

// packet is one WebSocket message to be written: head, then frames.
type packet struct {
	head   []byte
	frames []byte
	block  *block // pinned while frames are being written; nil without frames
	linkID uint64
}

// nextPacket builds the next packet for the current link into head's storage, or returns
// false when there is nothing to say. The caller writes it and then calls wrote.
func (c *core) nextPacket(now time.Time, head []byte) (packet, bool) {
	if c.link != linkUp || c.phase == phaseEnded {
		return packet{}, false
	}
	p := packet{head: head[:0], linkID: c.linkID}
	var first uint64
	if !c.out.endSent {
		p.block, p.frames, first = c.log.take()
	}
	if p.block == nil && !c.controlDue() {
		return packet{}, false
	}
	p.head = c.control(p.head, now, p.block == nil)
	if p.block != nil {
		c.spoke = true
		p.head = appendControl(p.head, frameSeq, first)
		c.live.acks(now, true, false)
		if c.streams.progressAt.IsZero() {
			c.streams.progressAt = now
		}
	}
	return p, true
}

// wrote returns what a packet held, written or not.
func (c *core) wrote(p packet) {
	if p.block != nil {
		c.log.unpin(p.block)
	}
}

// controlDue reports whether a packet without messages is worth sending.
func (c *core) controlDue() bool {
	return c.out.ackNow || c.out.ping || c.out.pongN > 0 || c.streams.due > 0 ||
		(c.phase == phaseDraining && !c.out.endSent)
}

// quiet reports whether a message may as well be written at once by who sends it: little is on its
// way, and nothing was sent since the peer spoke last. Else others are likely to follow, and a
// packet can hold them all.
func (c *core) quiet() bool { return !c.spoke && c.log.held <= smallBlock }

// wantsWrite reports whether nextPacket would have something to say.
func (c *core) wantsWrite() bool {
	return c.link == linkUp && c.phase != phaseEnded && (c.log.unsent() > 0 || c.controlDue())
}

// freshSample is how old a round trip may be by which a window is judged that is being used up.
const freshSample = time.Second

// control appends the control frames that are due; alone says that no messages follow.
func (c *core) control(p []byte, now time.Time, alone bool) []byte {
	if c.out.ping {
		p = appendNonce(p, framePing, c.live.probe.nonce)
		c.out.ping = false
	}
	for _, nonce := range c.out.pongs[:c.out.pongN] {
		p = appendNonce(p, framePong, nonce)
	}
	c.out.pongN = 0
	if c.rx.next != c.rx.acked || c.out.ackNow {
		if c.rx.sinceDigest >= digestInterval {
			p = appendAckDigest(p, c.rx.next, c.rx.digest.Sum64())
			c.rx.sinceDigest = 0
		} else {
			p = appendControl(p, frameAck, c.rx.next)
		}
		c.rx.acked, c.rx.ackDue, c.rx.sinceAck, c.out.ackNow = c.rx.next, time.Time{}, 0, false
	}
	// Consumption is told with a packet that goes out anyway, so that the peer can tell a
	// slow application from a stalled one; credit that is due makes for a packet. Packets with
	// messages carry it only when there was no other for a while.
	if alone || c.streams.due > 0 || now.Sub(c.streams.toldAt) >= c.cfg.Heartbeat {
		p = c.streams.tell(p, now, max(c.live.rtt, c.live.sample), c.cfg.Budget)
		if c.streams.slow && now.Sub(c.live.sampledAt) > freshSample {
			c.measure(now)
		}
		c.streams.slow = false
	}
	if alone && c.phase == phaseDraining && !c.out.endSent {
		p = appendReason(p, frameEnd, "", c.log.next, c.rx.next, 0)
		c.out.endSent, c.rx.frozen = true, true
		c.live.acks(now, true, false) // it wants an answer, too
	}
	return p
}
