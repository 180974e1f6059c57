package session

import (
	"slices"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// simNet is the path between the hosts, by which all connections go.
type simNet struct {
	d      *day
	gen    int // of the path: connections of a former one are dead
	delay  time.Duration
	jitter time.Duration
	rate   float64 // bytes a second
	down   [2]bool // toward that side
	port   portUse
	conns  []*simConn
	made   int

	swallow int // so many connection requests will be lost
	deafen  int // so many replies will be
}

// portUse is who answers at the accepting side's address.
type portUse uint8

const (
	portOurs    portUse = iota
	portForeign         // another program, which knows nothing of sessions
	portBusy            // a proxy that asks to come back later
)

// What ends a simulated connection.
var (
	errSimReset   error = &errors.Error{Op: "read", Kind: errors.Reset}
	errSimEnd     error = &errors.Error{Op: "read", Kind: errors.Closed}
	errSimTimeout error = &errors.Error{Op: "read", Kind: errors.Timeout}
	errSimRefused error = &errors.Error{Op: "dial", Kind: errors.Refused}
	errSimForeign error = &errors.Error{Op: "upgrade", Kind: errors.Protocol}
	errSimBusy    error = &errors.Error{Op: "upgrade", Kind: errors.Limit, RetryAfter: 3 * time.Second}
)

const (
	simReceiveBuffer = 256 << 10
	maxRTO           = 60 * time.Second
)

// simConn is a TCP connection.
type simConn struct {
	id      int
	made    simTime
	gen     int
	dead    [2]bool // toward that side: a middlebox has forgotten it
	sockets [2]*simSocket
	giveUp  time.Duration // after which a kernel ends it that gets nothing through
}

// simSocket is one end of it.
type simSocket struct {
	conn *simConn
	net  *simNet
	side side
	proc *simProcess

	in      []segment
	inBytes int
	err     error
	closed  bool
	reader  func(segment, error) // waits for the next
	poked   bool

	out      []segment // not yet arrived
	outBytes int
	sndBuf   int
	free     simTime // when the last of it will have left
	last     simTime // and arrived
	moving   bool
	blocked  bool // the peer's buffer is full
	rto      time.Duration
	trying   simTime // since when nothing gets through
	pending  *pendingWrite
}

type segment struct {
	kind    segmentKind
	packet  []byte
	at      simTime
	arrived simTime
}

type segmentKind uint8

const (
	segPacket segmentKind = iota
	segHello              // of TLS, either way
	segRequest
	segReply
	segRefusal // by another than the acceptor
	segFin
)

type pendingWrite struct {
	s    segment
	done func(error)
}

func (n *simNet) connect(client, server *simProcess) (a, b *simSocket) {
	n.made++
	c := &simConn{id: n.made, made: n.d.t, gen: n.gen, giveUp: n.d.about(20*time.Second, 20*time.Minute)}
	for i, p := range []*simProcess{client, server} {
		k := &simSocket{conn: c, net: n, side: side(i), proc: p, sndBuf: n.d.plan.sndBuf}
		c.sockets[i] = k
		p.sockets = append(p.sockets, k)
	}
	n.conns = append(n.conns, c)
	return c.sockets[0], c.sockets[1]
}

// cutOff: nothing gets through toward s now.
func (c *simConn) cutOff(n *simNet, s side) bool {
	return c.gen != n.gen || c.dead[s] || n.cutOff(s)
}

// healthy: what is written at either end arrives, without having to be sent again.
func (c *simConn) healthy(n *simNet) bool {
	for s, k := range c.sockets {
		if k.closed || k.err != nil || k.rto > 0 || c.cutOff(n, side(s)) {
			return false
		}
	}
	return true
}

func (n *simNet) cutOff(s side) bool {
	return n.down[s] || n.d.hosts[0].asleep || n.d.hosts[1].asleep
}

func (k *simSocket) peer() *simSocket { return k.conn.sockets[k.side.other()] }

// write sends a packet; done is called when the kernel has taken it, or failed to.
func (k *simSocket) write(s segment, done func(error)) {
	switch {
	case k.closed:
		k.proc.soon(func() { done(errSimEnd) })
	case k.err != nil:
		k.proc.soon(func() { done(k.err) })
	case k.outBytes > 0 && k.outBytes+len(s.packet) > k.sndBuf:
		k.pending = &pendingWrite{s, done}
	default:
		k.send(s)
		k.proc.soon(func() { done(nil) })
	}
}

func (k *simSocket) send(s segment) {
	n := k.net
	size := len(s.packet) + 60
	k.free = max(k.free, n.d.t) + time.Duration(float64(size)/n.rate*float64(time.Second))
	s.at = k.free + n.delay
	if n.jitter > 0 {
		s.at += time.Duration(n.d.rng.Int64N(int64(n.jitter)))
	}
	s.at = max(s.at, k.last)
	k.last = s.at
	k.out = append(k.out, s)
	k.outBytes += len(s.packet)
	k.move()
}

// move arranges for the first of what is on its way to arrive.
func (k *simSocket) move() {
	if k.moving || k.blocked || len(k.out) == 0 {
		return
	}
	k.moving = true
	k.net.d.at(k.out[0].at-k.net.d.t, k.arrive)
}

func (k *simSocket) arrive() {
	k.moving = false
	if len(k.out) == 0 {
		return
	}
	d, peer := k.net.d, k.peer()
	if k.conn.cutOff(k.net, peer.side) {
		if k.rto == 0 {
			k.rto, k.trying = max(200*time.Millisecond, 4*k.net.delay), d.t
		}
		if d.t-k.trying > k.conn.giveUp {
			k.fail(errSimTimeout)
			return
		}
		k.moving = true
		d.at(k.rto, k.arrive)
		k.rto = min(2*k.rto, maxRTO)
		return
	}
	k.rto = 0
	s := k.out[0]
	switch {
	case peer.closed || peer.err != nil:
		k.out, k.outBytes = nil, 0
		if s.kind != segFin && !k.conn.cutOff(k.net, k.side) {
			d.at(k.net.delay, func() { k.fail(errSimReset) })
		}
		return
	case peer.inBytes > 0 && peer.inBytes+len(s.packet) > simReceiveBuffer:
		k.blocked = true
		return
	}
	k.out = k.out[1:]
	k.outBytes -= len(s.packet)
	if s.kind == segFin {
		peer.err = errSimEnd
	} else {
		s.arrived = d.t
		peer.in = append(peer.in, s)
		peer.inBytes += len(s.packet)
	}
	peer.poke()
	if w := k.pending; w != nil && k.outBytes+len(w.s.packet) <= k.sndBuf {
		k.pending = nil
		k.send(w.s)
		k.proc.soon(func() { w.done(nil) })
	}
	k.move()
}

// next hands the next segment, or why there is none, to f.
func (k *simSocket) next(f func(segment, error)) {
	k.reader = f
	k.poke()
}

func (k *simSocket) poke() {
	if k.reader == nil || k.poked || (len(k.in) == 0 && k.err == nil && !k.closed) {
		return
	}
	k.poked = true
	k.proc.soon(func() {
		k.poked = false
		f := k.reader
		k.reader = nil
		if len(k.in) == 0 || k.closed {
			f(segment{}, cmpErr(k.err, errSimEnd))
			return
		}
		s := k.in[0]
		k.in = k.in[1:]
		k.inBytes -= len(s.packet)
		if from := k.peer(); from.blocked {
			from.blocked = false
			from.move()
		}
		f(s, nil)
	})
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// fail ends the connection at this end: it was reset, or the kernel gave up.
func (k *simSocket) fail(err error) {
	if k.err != nil || k.closed {
		return
	}
	k.err = err
	if k.net.d.chance(2) {
		k.in, k.inBytes = nil, 0
	}
	k.drop(err)
	k.poke()
}

func (k *simSocket) drop(err error) {
	k.out, k.outBytes = nil, 0
	if w := k.pending; w != nil {
		k.pending = nil
		k.proc.soon(func() { w.done(err) })
	}
}

// close ends the connection as the process's closing of it does: what was written still
// arrives, unless something that had arrived was not read.
func (k *simSocket) close() {
	if k.closed {
		return
	}
	k.closed = true
	switch {
	case k.err != nil:
	case len(k.in) > 0:
		k.drop(errSimEnd)
		k.reset()
	default:
		if w := k.pending; w != nil {
			k.pending = nil
			k.proc.soon(func() { w.done(errSimEnd) })
		}
		k.send(segment{kind: segFin})
	}
	k.in, k.inBytes = nil, 0
	if from := k.peer(); from.blocked {
		from.blocked = false
		from.move()
	}
	k.poke()
	k.proc.sockets = slices.DeleteFunc(k.proc.sockets, func(o *simSocket) bool { return o == k })
	if k.peer().closed {
		k.net.conns = slices.DeleteFunc(k.net.conns, func(c *simConn) bool { return c == k.conn })
	}
}

// reset tells the other end that the connection is gone, if it can be told.
func (k *simSocket) reset() {
	peer := k.peer()
	if !k.conn.cutOff(k.net, peer.side) {
		k.net.d.at(k.net.delay, func() { peer.fail(errSimReset) })
	}
}
