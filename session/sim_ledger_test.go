package session

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/standardbeagle/brum/errors"
)

// simPair is a session as the world sees it: both ends, and what was truly sent and received.
type simPair struct {
	d     *day
	n     int
	id    ID
	ends  [2]*simDriver
	sent  [2][]*sentOnce // by side: every message whose Send has returned nil, in order
	lanes [2]map[uint64]*lane

	closes, aborts [2]bool
	given          [2][]givenVerdict
}

// sentOnce is a message that was accepted for sending, as frames up to last.
type sentOnce struct {
	lane *lane
	last uint64
	size int
	salt uint64
	n    int // on its lane
}

// lane is one direction of a stream.
type lane struct {
	id    uint64
	sent  []*sentOnce
	got   int  // so many were delivered
	reset bool // one side has reset the stream: not everything need come
}

type givenVerdict struct {
	last    uint64
	verdict Verdict
}

func (d *day) newPair(id ID) *simPair {
	p := &simPair{d: d, n: len(d.pairs), id: id, lanes: [2]map[uint64]*lane{{}, {}}}
	d.pairs = append(d.pairs, p)
	d.byID[id] = p
	d.totals.sessions++
	return p
}

// joins: an end was made. A second life of the accepting side may be asked for the same
// session again, if the first answer was lost; what the first life sent is void then.
func (p *simPair) joins(x *simDriver) {
	if p.ends[x.side] != nil {
		if x.side != sideB || p.ends[sideA].core.everLinked {
			p.d.fail("session %d begins again", p.n)
		}
		p.sent[sideB], p.lanes = nil, [2]map[uint64]*lane{p.lanes[0], {}}
		p.closes[sideB], p.aborts[sideB] = false, false
	}
	p.ends[x.side] = x
}

func (p *simPair) dies(x *simDriver) {
	if !x.over {
		p.d.note(x.proc.host.name, "loses a session", int64(p.n), int64(x.core.rx.next))
	}
}

// received is how many frames that side has received, in whatever life knew the session.
func (p *simPair) received(s side) uint64 {
	if p.ends[s] == nil {
		return 0
	}
	return p.ends[s].core.rx.next
}

// lane returns one direction of a stream.
func (p *simPair) lane(from side, id uint64) *lane {
	l := p.lanes[from][id]
	if l == nil {
		l = &lane{id: id}
		p.lanes[from][id] = l
	}
	return l
}

func (p *simPair) resets(id uint64) {
	p.lane(sideA, id).reset, p.lane(sideB, id).reset = true, true
}

// fill is what messages are made of.
var fill = func() []byte {
	b := make([]byte, 2<<20)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}()

// body makes a message that can't be taken for another.
func (m *sentOnce) body(buf []byte) []byte {
	off := int(m.salt % (1 << 20))
	buf = append(buf[:0], fill[off:off+m.size]...)
	var head [24]byte
	binary.BigEndian.PutUint64(head[:], m.lane.id)
	binary.BigEndian.PutUint64(head[8:], uint64(m.n))
	binary.BigEndian.PutUint64(head[16:], m.salt)
	copy(buf, head[:])
	return buf
}

// compose begins a message; accepted says that its Send returns nil.
func (p *simPair) compose(l *lane, size int) *sentOnce {
	return &sentOnce{lane: l, size: size, salt: p.d.rng.Uint64(), n: len(l.sent)}
}

func (p *simPair) accepted(x *simDriver, m *sentOnce) {
	m.last = x.core.log.next - 1
	m.lane.sent = append(m.lane.sent, m)
	p.sent[x.side] = append(p.sent[x.side], m)
	p.d.totals.messages++
	p.d.totals.bytes += uint64(m.size)
}

// delivered: S1, S2.
func (p *simPair) delivered(x *simDriver, id uint64, msg []byte) {
	l := p.lane(x.side.other(), id)
	if l.got >= len(l.sent) {
		p.d.fail("S2: %v of session %d gets a message of %d bytes on stream %d, of which all %d were delivered", x.side, p.n, len(msg), id, l.got)
	}
	m := l.sent[l.got]
	x.meter.scratch = m.body(x.meter.scratch)
	if !bytes.Equal(msg, x.meter.scratch) {
		p.d.fail("S1: %v of session %d gets %d bytes on stream %d instead of message %d of %d bytes", x.side, p.n, len(msg), id, l.got, m.size)
	}
	l.got++
}

// received to the end: err is what Receive says of why there is no more.
func (p *simPair) exhausted(x *simDriver, id uint64, err error) {
	l := p.lane(x.side.other(), id)
	if l.reset || p.aborts[x.side] {
		return
	}
	want := 0
	has := p.received(x.side)
	for _, m := range l.sent {
		if m.last < has {
			want++
		}
	}
	if l.got != want {
		p.d.fail("S2: %v of session %d has received %d messages on stream %d, its application got %d before %v", x.side, p.n, want, id, l.got, err)
	}
}

// ended checks what a side says when its session ends (S4).
func (x *simDriver) ended() {
	p, err := x.pair, x.core.end.err
	lost, ok := errors.AsType[*LostError](err)
	has := p.received(x.side.other())
	x.d.totals.lost++
	reason := int64(-1)
	if ok {
		reason = int64(lost.Reason)
	}
	x.note("session ends", int64(p.n), reason)
	if x.core.log.acked > has {
		x.d.fail("S4: %v takes %d frames for received, %d were", x.side, x.core.log.acked, has)
	}
	if !ok {
		switch {
		case !errors.Is(err, ErrClosed) || (!x.core.end.orderly && !p.aborts[x.side]):
			x.d.fail("S4: %v of session %d ended with %v", x.side, p.n, err)
		case x.core.end.orderly && has != x.core.log.next:
			x.d.fail("S4: %v of session %d closed in an orderly way; %d of %d frames were received", x.side, p.n, has, x.core.log.next)
		}
		return
	}
	x.reasonable(lost)
	list := lost.Unsettled
	for _, m := range p.sent[x.side] {
		if m.last < x.core.log.acked {
			continue
		}
		if len(list) == 0 {
			x.d.fail("S4: %v of session %d gives no verdict on message %d of stream %d", x.side, p.n, m.n, m.lane.id)
		}
		u := list[0]
		list = list[1:]
		x.meter.scratch = m.body(x.meter.scratch)
		if u.Stream != m.lane.id || u.Size != m.size || (u.Payload != nil && !bytes.Equal(u.Payload, x.meter.scratch)) {
			x.d.fail("S4: %v of session %d judges %d bytes of stream %d instead of message %d of stream %d", x.side, p.n, u.Size, u.Stream, m.n, m.lane.id)
		}
		p.given[x.side] = append(p.given[x.side], givenVerdict{m.last, u.Verdict})
		x.d.totals.verdicts++
	}
	if len(list) > 0 {
		x.d.fail("S4: %v of session %d gives %d verdicts too many", x.side, p.n, len(list))
	}
	p.truthful(x.side)
}

// truthful: no verdict is untrue, nor ever becomes so.
func (p *simPair) truthful(s side) {
	has := p.received(s.other())
	for _, g := range p.given[s] {
		if (g.verdict == Committed && has <= g.last) || (g.verdict == NotReceived && has > g.last) {
			p.d.fail("S4: %v of session %d says of frame %d: %v; %d were received", s, p.n, g.last, g.verdict, has)
		}
	}
}

// reasonable: the session has ended for a cause that has happened.
func (x *simDriver) reasonable(lost *LostError) {
	p, other := x.pair, x.side.other()
	peer := p.ends[other]
	gone := peer != nil && (!peer.proc.alive || peer.core.phase == phaseEnded)
	fine := false
	switch lost.Reason {
	case ReasonPeerClosed:
		fine = p.closes[other] && x.core.rx.next == peer.core.log.next
	case ReasonPeerAborted:
		fine = p.aborts[other] || p.closes[other] || gone
	case ReasonExpired:
		fine = x.now().Sub(x.core.lostAt) >= x.core.cfg.DetachedFor
	case ReasonStateLost:
		fine = gone
	case ReasonSuperseded:
		fine = x.d.plan.owner
	case ReasonRefused:
		fine = !x.core.everLinked && slices.Contains([]portUse{portForeign}, x.d.net.port) || !x.core.everLinked && x.d.foreign
	case ReasonEvicted:
		fine = x.side == sideB
	}
	if !fine {
		x.d.fail("S4: %v is lost without a cause: %v; %v", x.side, lost, p)
	}
}

func (p *simPair) String() string {
	s := fmt.Sprintf("session %d:", p.n)
	for i, x := range p.ends {
		if x == nil {
			s += fmt.Sprintf(" %v none", side(i))
			continue
		}
		c := x.core
		s += fmt.Sprintf(" %v %v link %d, sent %d of %d acked %d, received %d;", side(i), c.published, c.linkID, c.log.sent, c.log.next, c.log.acked, c.rx.next)
	}
	return s
}
