package session

import (
	"time"

	"github.com/standardbeagle/brum/errors"
)

// receive takes in a packet that arrived on link linkID in blk. It reports whether it kept
// the block. An error means that the peer broke the protocol; the session has then ended.
func (c *core) receive(now time.Time, linkID uint64, blk *block) (kept bool, err error) {
	if c.link != linkUp || linkID != c.linkID || c.phase == phaseEnded {
		return false, nil // fenced
	}
	c.live.inbound(now)
	c.spoke = false
	why := c.suspicion() // before the answer to it comes
	c.reached(now)
	kept, err = c.parse(now, blk)
	if err != nil {
		c.abort(now, ReasonProtocol, err)
		return kept, err
	}
	c.publish(now, why, nil)
	return kept, nil
}

// suspicion is why the link is under suspicion, if it is.
func (c *core) suspicion() Trigger {
	if c.hold.on() {
		return c.hold.why
	}
	if c.live.probe.phase == probePending {
		return c.live.probe.trigger
	}
	return TriggerNone
}

// unreadable takes note that nothing more can be read from link linkID. What is no packet ends
// the session, like a packet that nobody may send: it would only come again on the next link.
func (c *core) unreadable(now time.Time, linkID uint64, err error) {
	if _, ok := errors.AsType[*protocolError](err); ok && c.link == linkUp && linkID == c.linkID {
		c.abort(now, ReasonProtocol, err)
		return
	}
	c.linkLost(now, linkID, TriggerError, err)
}

// parse walks the frames of a packet. Sequenced frames are collected into runs, which are
// digested and filed at once.
func (c *core) parse(now time.Time, blk *block) (kept bool, err error) {
	p := blk.buf
	var (
		seq    uint64
		known  bool
		run    = -1    // where the current run of new message frames starts
		st     *stream // whose they are
		before = c.rx.next
	)
	off := 0
	flush := func() error {
		if run < 0 {
			return nil
		}
		frames := p[run:off]
		start := run
		run = -1
		c.rx.digest.Write(frames)
		c.rx.sinceAck += len(frames)
		c.rx.sinceDigest += len(frames)
		whole := blk
		if off != len(p) || kept {
			whole = nil
		}
		st.arrives(now, c.live.rtt)
		k, err := st.receive(frames, whole, start)
		kept = kept || k
		c.streams.touch(st)
		return err
	}
	for off < len(p) {
		if frameType(p[off]) < controlBase {
			f, err := parseSequenced(p[off:])
			if err != nil {
				return kept, violation("3.2", "%v", err)
			}
			switch {
			case !known:
				return kept, violation("3.3", "messages without a sequence number")
			case seq < c.rx.next:
				c.counts.duplicates++
			case c.rx.frozen:
			case seq > c.rx.next:
				return kept, violation("5.1", "frame %d, expected %d", seq, c.rx.next)
			default:
				if st == nil || st.id != f.stream || f.typ >= frameOpen {
					if err := flush(); err != nil {
						return kept, err
					}
					if st = c.streams.find(f.stream); f.typ >= frameOpen {
						if err := c.onStream(st, &f, p[off:off+f.size]); err != nil {
							return kept, err
						}
						break
					}
				}
				switch {
				case st == nil && c.streams.known(f.stream):
					st = &c.streams.void
				case st == nil || st.from == finished:
					return kept, violation("6", "message on stream %d, which is not open", f.stream)
				}
				if f.typ != frameMessage || st.arriving || len(f.body) > maxFragment {
					if err := st.admit(&f, c.cfg.MaxMessage); err != nil {
						return kept, err
					}
				}
				if run < 0 {
					run = off
				}
				c.rx.next++
			}
			seq++
			off += f.size
			continue
		}
		if err := flush(); err != nil {
			return kept, err
		}
		f, err := parseControl(p[off:])
		if err != nil {
			return kept, err
		}
		off += f.size
		if f.typ == frameSeq {
			seq, known = f.fields[0], true
			continue
		}
		if err := c.onControl(now, &f); err != nil {
			return kept, err
		}
		if c.phase == phaseEnded {
			return kept, nil
		}
	}
	if err := flush(); err != nil {
		return kept, err
	}
	if c.rx.next != before {
		c.ackLater(now)
	}
	return kept, nil
}

// ackLater arranges for what has just arrived to be acknowledged: with the next packet,
// after a short delay, or at once when much has come.
func (c *core) ackLater(now time.Time) {
	if c.rx.sinceAck >= ackQuota {
		c.out.ackNow = true
	}
	if c.rx.ackDue.IsZero() {
		c.rx.ackDue = now.Add(ackDelay)
	}
}

func (c *core) onControl(now time.Time, f *controlFrame) error {
	switch f.typ {
	case frameAck:
		return c.onAck(now, f)
	case frameCredit:
		return c.onCredit(now, f.fields[0], f.fields[1], f.fields[2])
	case framePing:
		c.live.pinged()
		if c.out.pongN < len(c.out.pongs) {
			c.out.pongs[c.out.pongN] = f.fields[0]
			c.out.pongN++
		}
	case framePong:
		if c.live.pong(now, f.fields[0]) {
			c.tell(Event{Kind: EventMeasured, At: now, RTT: c.live.sample})
		}
	case frameDetach:
		c.linkLost(now, c.linkID, TriggerPeer, nil)
	case frameEnd:
		return c.onEnd(now, f.fields[0], f.fields[1])
	case frameEndAck:
		return c.onEndAck(now, f.fields[0], f.fields[1])
	case frameSuperseded:
		c.onSuperseded(now, incarnation(f.fields[0]), f.fields[1])
	case frameAbort:
		c.settle(f.fields[1])
		c.lose(now, abortReason(f.fields[0]), peerText(f.text))
	default: // unknown and ignorable
	}
	return nil
}

func (c *core) onAck(now time.Time, f *controlFrame) error {
	next := f.fields[0]
	if next > c.log.next {
		return violation("5.2", "acknowledgement of %d, sent %d", next, c.log.next)
	}
	if f.hasDigest {
		if d, ok := c.log.digestAt(next); ok && d != f.digest {
			c.abort(now, ReasonDigest, nil)
			return nil
		}
	}
	progress := next > c.log.acked
	c.log.ack(next)
	c.moving = c.moving || progress
	c.live.acks(now, c.log.sent > c.log.acked || c.out.endSent, progress)
	return nil
}

func (c *core) onCredit(now time.Time, id, consumed, limit uint64) error {
	st := c.streams.find(id)
	if st == nil {
		if c.streams.known(id) || !c.streams.mine(id) {
			return nil // of a stream that has ended, or whose OPEN is still to come
		}
		return violation("6", "credit for unknown stream %d", id)
	}
	if consumed > st.sentOffset || limit < consumed {
		return violation("6", "credit %d/%d of %d", consumed, limit, st.sentOffset)
	}
	if consumed > st.peerConsumed {
		c.streams.progressAt = now
		c.streams.settle(st, consumed)
	}
	st.sendLimit = max(st.sendLimit, limit)
	return nil
}
