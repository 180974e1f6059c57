package session

import (
	"time"

	"github.com/standardbeagle/brum/errors"
)

// simAttempt is a call of a DialFunc.
type simAttempt struct {
	x       *simDriver
	n       uint64
	request []byte
	began   time.Time
	hellos  int // round trips of TLS still to come
	sock    *simSocket
	timer   *simTimer
	wait    time.Duration // before the connection request is sent again
	done    bool
}

// dial performs the attach exchange on a new connection, as package wsconn does.
func (x *simDriver) dial(n uint64, request []byte, began time.Time, timeout time.Duration) *simAttempt {
	d := x.d
	d.totals.dials++
	t := &simAttempt{x: x, n: n, request: request, began: began, wait: time.Second, hellos: d.plan.hellos}
	t.timer = x.proc.after(timeout, func() { t.finish(nil, nil, errSimTimeout) })
	x.proc.soon(t.connect)
	return t
}

// cancel is what its context does.
func (t *simAttempt) cancel() {
	t.x.proc.soon(func() { t.finish(nil, nil, errors.Canceled) })
}

func (t *simAttempt) finish(sock *simSocket, reply []byte, err error) {
	if t.done {
		return
	}
	t.done, t.timer.off = true, true
	if t.sock != nil && sock == nil {
		t.sock.close()
	}
	t.x.proc.soon(func() { t.x.attempted(t, sock, reply, err) })
}

func (t *simAttempt) connect() {
	d := t.x.d
	n := &d.net
	if t.done || !t.x.proc.alive {
		return
	}
	if n.cutOff(sideA) || n.cutOff(sideB) || n.swallow > 0 {
		n.swallow = max(0, n.swallow-1)
		d.at(t.wait, t.connect)
		t.wait *= 2
		return
	}
	d.at(2*n.delay, func() {
		switch {
		case t.done || !t.x.proc.alive:
		case d.port == nil:
			t.x.proc.soon(func() { t.finish(nil, nil, errSimRefused) })
		default:
			var server *simSocket
			t.sock, server = n.connect(t.x.proc, d.port)
			d.serve(d.port, server)
			t.speak()
		}
	})
}

// speak says what is next to be said, and listens.
func (t *simAttempt) speak() {
	s := segment{kind: segHello}
	if t.hellos == 0 {
		s = segment{kind: segRequest, packet: t.request}
	}
	t.hellos--
	t.sock.write(s, func(error) {})
	t.sock.next(func(s segment, err error) {
		switch {
		case t.done:
		case err != nil:
			t.finish(nil, nil, err)
		case s.kind == segHello:
			t.speak()
		case s.kind == segRefusal && s.packet[0] == byte(portBusy):
			t.finish(nil, nil, errSimBusy)
		case s.kind == segRefusal:
			t.finish(nil, nil, errSimForeign)
		default: // an acceptance comes with status 101
			parsed, err := parseReply(s.packet)
			if err != nil || parsed.status != accepted {
				t.finish(nil, s.packet, nil)
				return
			}
			t.finish(t.sock, s.packet, nil)
		}
	})
}

// serve answers on a connection that the accepting host's kernel has taken.
func (d *day) serve(p *simProcess, k *simSocket) {
	k.next(func(s segment, err error) {
		switch {
		case err != nil:
			k.close()
		case s.kind == segHello:
			k.write(s, func(error) {})
			d.serve(p, k)
		case d.net.port != portOurs:
			k.write(segment{kind: segRefusal, packet: []byte{byte(d.net.port)}}, func(error) { k.close() })
		default:
			d.answer(p, k, s.packet)
		}
	})
}

// answer lets the acceptor answer a request, and binds the connection if it accepts.
func (d *day) answer(p *simProcess, k *simSocket, request []byte) {
	reply, x, linkID := p.attach(request)
	if x != nil {
		d.captured = append(d.captured[max(0, len(d.captured)-20):], request)
	}
	if d.net.deafen > 0 {
		d.net.deafen--
		k.conn.dead[sideA] = true
		d.note("net", "loses a reply on", int64(k.conn.id), 0)
	}
	k.write(segment{kind: segReply, packet: reply}, func(err error) {
		switch {
		case x == nil:
			k.close()
		case err != nil || !d.evening && d.chance(200):
			x.abort(linkID, cmpErr(err, errSimReset))
			k.close()
		default:
			later := d.late
			d.late = 0
			if !d.evening && d.chance(20) {
				later = d.about(time.Millisecond, 3*time.Second)
			}
			p.after(later, func() { x.bind(linkID, k) })
		}
	})
}

// attach is Acceptor.Attach with the host's clock.
func (p *simProcess) attach(request []byte) (reply []byte, x *simDriver, linkID uint64) {
	d, a := p.d, p.acc
	q, err := parseRequest(request)
	if err != nil {
		d.fail("request: %v", err)
	}
	s, secret, status, fresh := a.find(q, request)
	if s == nil {
		d.note(p.host.name, "refuses", int64(q.attempt), int64(status))
		return a.refuse(q, status, secret, request), nil, 0
	}
	x = p.driverOf(s)
	if fresh {
		if x != nil {
			d.fail("the session is not fresh")
		}
		x = p.adopt(s, q.session)
	}
	now := x.now()
	r := s.core.accept(now, q)
	ok := r.status == accepted
	if fresh && !ok {
		s.core.finish(now, ErrClosed)
	}
	d.note(p.host.name, "answers", int64(q.attempt), int64(r.status))
	x.unlock(now)
	reply = r.encode(secret, request)
	if !ok {
		return reply, nil, 0
	}
	d.totals.attaches++
	if fresh {
		a.endOlder(s, q)
		p.agree()
	}
	return reply, x, q.attempt
}

// adopt makes a driver for a session that the acceptor has just made.
func (p *simProcess) adopt(s *Session, id ID) *simDriver {
	pair := p.d.byID[id]
	if pair == nil || (pair.ends[sideB] != nil && pair.ends[sideB].proc.alive) {
		p.d.fail("a fresh session for a name that is known: %v", id)
	}
	s.core.random = p.d.rng.Uint64
	return newSimDriver(p, s, pair, sideB)
}

func (p *simProcess) driverOf(s *Session) *simDriver {
	for _, x := range p.drivers {
		if x.s == s {
			return x
		}
	}
	return nil
}

// agree does what is due in the sessions that the acceptor itself has ended.
func (p *simProcess) agree() {
	for _, x := range p.drivers {
		if x.s.core.phase == phaseEnded && !x.over {
			x.unlock(x.now())
		}
	}
}
