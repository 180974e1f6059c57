package session

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// The canonical form of a world: two worlds with the same form behave alike from here on, so
// the exploration looks at one of them only. Times are settled, counts that nothing depends
// on are left out.

type form []byte

func (f *form) u(vs ...uint64) {
	b := *f
	for _, v := range vs {
		if v < 0x80 {
			b = append(b, byte(v))
		} else {
			b = binary.AppendUvarint(b, v)
		}
	}
	*f = b
}

func (f *form) flags(bs ...bool) {
	for _, b := range bs {
		v := byte(0)
		if b {
			v = 1
		}
		*f = append(*f, v)
	}
}

func (f *form) bytes(b []byte) {
	f.u(uint64(len(b)))
	*f = append(*f, b...)
}

func (f *form) block(b *block) {
	f.u(uint64(cap(b.buf)), b.first, b.count, uint64(b.read))
	f.bytes(b.buf)
}

func (f *form) stream(st *stream) {
	f.u(st.id, uint64(st.out), st.sentOffset, st.sendLimit, st.peerConsumed, st.firstSeq)
	f.u(uint64(st.from), st.rcvdOffset, st.consumed, st.toldConsumed, st.rcvLimit, uint64(st.window), uint64(st.pending))
	f.flags(st.turn, st.creditDue, st.listed, st.arriving, st.ended, st.in.joining)
	f.u(uint64(st.in.bytes), uint64(st.in.total))
	f.bytes(st.in.partial)
	for i := range st.in.blocks.len() {
		f.block(st.in.blocks.at(i))
	}
}

// core appends everything that a core's behaviour depends on.
func (f *form) core(c *core) {
	f.u(uint64(c.self), uint64(c.peer), uint64(c.phase), uint64(c.link), c.linkID, c.attempt, uint64(c.published))
	f.flags(c.secret != nil, c.everLinked, c.out.ping, c.out.ackNow, c.out.endSent, c.rx.frozen)
	f.u(c.log.acked, c.log.next, c.log.sent, uint64(c.log.sentBlock), uint64(c.log.sentOff), uint64(c.log.held))
	for i := range c.log.blocks.len() {
		f.block(c.log.blocks.at(i))
	}
	f.u(c.log.digest.Sum64(), c.rx.next, c.rx.digest.Sum64(), c.rx.acked)
	f.flags(c.rx.ackDue.IsZero(), c.live.ackWait.IsZero(), c.redial.next.IsZero(), c.streams.progressAt.IsZero())
	f.u(uint64(c.live.probe.phase), uint64(c.live.probe.trigger), c.live.probe.nonce)
	f.u(uint64(c.hold.why), uint64(c.renewal.phase), uint64(c.out.pongN))
	f.u(c.out.pongs[:c.out.pongN]...)
	f.bytes(c.out.farewell)

	f.u(c.streams.nextID, c.streams.peerID, uint64(c.streams.bySelf), uint64(c.streams.byPeer),
		uint64(c.streams.due), c.streams.sent, c.streams.peerConsumed, uint64(len(c.streams.consumed)), uint64(c.streams.incoming.len()))
	f.stream(&c.streams.main)
	for id := uint64(1); id <= max(c.streams.nextID, c.streams.peerID); id++ {
		if st := c.streams.open[id]; st != nil {
			f.stream(st)
		}
	}
	f.flags(c.end.peerKnown, c.end.orderly)
	f.u(c.end.peerHas)
	if lost, ok := c.end.err.(*LostError); ok {
		f.u(1, uint64(lost.Reason))
		for _, u := range lost.Unsettled {
			f.u(u.Stream, uint64(u.Verdict), uint64(u.Size))
			f.bytes(u.Payload)
		}
	} else {
		f.flags(c.end.err != nil)
	}
}

func coreForm(buf []byte, c *core) (sum uint64, storage []byte) {
	f := form(buf[:0])
	f.core(c)
	return xxhash.Sum64(f), f
}

func (w *world) form(buf []byte) (sum uint64, storage []byte) {
	f := form(buf[:0])
	for i := range w.ends {
		e := &w.ends[i]
		f.flags(e.c != nil)
		f.u(uint64(e.done), uint64(len(e.got)), uint64(e.probes))
		for _, m := range e.got {
			f.bytes([]byte(m))
		}
		if e.c != nil {
			f.core(e.c)
		}
	}
	f.u(uint64(w.acceptor), uint64(len(w.graves)))
	for _, g := range w.graves {
		f.u(uint64(g.status), uint64(g.peer), g.rxNext, g.txNext)
	}
	f.u(uint64(len(w.attempts)))
	for _, a := range w.attempts {
		f.bytes(a.request)
		f.bytes(a.reply)
	}
	f.u(uint64(len(w.carriers)))
	for i := range w.carriers {
		k := &w.carriers[i]
		f.u(k.n, uint64(k.dialer))
		f.flags(k.up[0], k.up[1], k.gone[0], k.gone[1], k.broken, k.pending)
		for s := range k.toward {
			f.u(uint64(len(k.toward[s])))
			for _, p := range k.toward[s] {
				f.bytes(p)
			}
		}
	}
	l := &w.left
	f.u(uint64(l.cuts), uint64(l.dials), uint64(l.losses), uint64(l.probes), uint64(l.lates), uint64(l.holds), uint64(l.renewals))
	for s := range l.restarts {
		f.u(uint64(l.restarts[s]), uint64(l.closes[s]), uint64(l.aborts[s]))
	}
	return xxhash.Sum64(f), f
}
