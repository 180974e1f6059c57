package session

import (
	"fmt"
	"time"
)

// What can happen to a world, each as one step.

type happening uint8

const (
	happenSend happening = iota
	happenWrite
	happenDeliver
	happenConsume
	happenAckTimer
	happenProbe
	happenSilence
	happenLate
	happenEnd
	happenCut
	happenDial
	happenAnswer
	happenRequestLost
	happenBind
	happenAbort
	happenAdopt
	happenReplyLost
	happenRestart
	happenClose
	happenHold
	happenNudge
	happenRenew
)

var happeningNames = [...]string{"sends", "writes a packet", "gets a packet of link", "consumes", "acknowledges (timer)",
	"asks for a sign of life", "gives up its silent link", "wakes late", "sees the end of link", "link is cut:", "dials",
	"gets request", "request is lost:", "binds link", "aborts link", "gets the reply to", "reply is lost:", "restarts", "closes",
	"is held", "is nudged", "wants a new link"}

type action struct {
	what happening
	who  side
	n    uint64      // link or attempt
	life incarnation // of the dialing side, for n
}

func (a action) String() string {
	s := a.who.String() + " " + happeningNames[a.what]
	if a.n != 0 {
		s += fmt.Sprintf(" %d/%d", a.life, a.n)
	}
	return s
}

// choices appends all that can happen next.
func (e *explorer) choices(w *world, list []action) []action {
	add := func(what happening, who side, n uint64, life incarnation) {
		list = append(list, action{what, who, n, life})
	}
	for s := range w.ends {
		who, c := side(s), w.ends[s].c
		if c == nil {
			continue
		}
		open := c.phase == phaseOpen
		if open && w.ends[s].done < len(e.script[s]) {
			add(happenSend, who, 0, 0)
		}
		if e.lazy && c.streams.main.in.bytes > 0 {
			add(happenConsume, who, 0, 0)
		}
		if open && w.left.closes[s] > 0 {
			add(happenClose, who, 0, 0)
		}
		if c.link == linkUp {
			if c.log.unsent() > 0 && c.wantsWrite() {
				add(happenWrite, who, 0, 0)
			}
			if e.acks && !c.rx.ackDue.IsZero() {
				add(happenAckTimer, who, 0, 0)
			}
			if c.live.probe.phase != probePending && w.left.probes > 0 && !c.hold.on() {
				add(happenProbe, who, 0, 0)
			}
			if c.live.probe.phase == probePending && w.left.cuts > 0 {
				add(happenSilence, who, 0, 0)
			}
			if w.left.lates > 0 {
				add(happenLate, who, 0, 0)
			}
		}
		if c.phase != phaseEnded && w.left.holds > 0 && !c.hold.on() {
			add(happenHold, who, 0, 0)
		}
		if c.hold.on() {
			add(happenNudge, who, 0, 0)
		}
		if c.link == linkUp && w.left.renewals > 0 {
			add(happenRenew, who, 0, 0)
		}
		if w.left.restarts[s] > 0 {
			add(happenRestart, who, 0, 0)
		}
	}
	if a := w.ends[sideA].c; w.left.dials > 0 && len(w.attempts) < e.rivals && a.phase != phaseEnded && a.dialDue(epoch) {
		add(happenDial, sideA, 0, 0)
	}
	for i := range w.attempts {
		if t := &w.attempts[i]; t.reply == nil {
			add(happenAnswer, sideB, t.n, t.dialer)
			if w.left.losses > 0 {
				add(happenRequestLost, sideA, t.n, t.dialer)
			}
		} else {
			add(happenAdopt, sideA, t.n, t.dialer)
			if w.left.losses > 0 {
				add(happenReplyLost, sideA, t.n, t.dialer)
			}
		}
	}
	for i := range w.carriers {
		k := &w.carriers[i]
		if k.pending {
			add(happenBind, sideB, k.n, k.dialer)
			if w.left.aborts[sideB] > 0 {
				add(happenAbort, sideB, k.n, k.dialer)
			}
		}
		for s := range k.toward {
			if k.up[s] && len(k.toward[s]) > 0 {
				add(happenDeliver, side(s), k.n, k.dialer)
			}
			if k.up[s] && k.broken {
				add(happenEnd, side(s), k.n, k.dialer)
			}
		}
		if !k.broken && w.left.cuts > 0 && (k.up[sideA] || k.up[sideB]) {
			add(happenCut, sideA, k.n, k.dialer)
		}
	}
	return list
}

// do lets one thing happen.
func (e *explorer) do(w *world, a action) {
	x := &w.ends[a.who]
	switch a.what {
	case happenSend:
		e.send(x, a.who)
	case happenWrite:
		e.write(w, a.who)
	case happenDeliver:
		e.deliver(w, a.who, w.carrier(a.n, a.life))
	case happenConsume:
		e.consume(x)
	case happenAckTimer:
		e.acknowledge(x)
	case happenHold:
		w.left.holds--
		x.c.holdOn(epoch, TriggerNetwork)
	case happenNudge:
		x.probes++
		e.nonce = x.c.linkID<<8 | uint64(x.probes)
		x.c.nudge(epoch, TriggerNetwork)
	case happenRenew:
		w.left.renewals--
		x.probes++
		e.nonce = x.c.linkID<<8 | uint64(x.probes)
		x.c.renew(epoch, TriggerNetwork)
	case happenProbe:
		w.left.probes--
		x.probes++
		e.tick(x, x.c.live.deadline())
	case happenSilence:
		w.left.cuts--
		e.tick(x, x.c.live.deadline())
	case happenLate:
		w.left.lates--
		x.probes++
		x.c.armed = epoch
		if e.tick(x, epoch.Add(time.Hour)) {
			e.fail("a process that did not run gave its link up before it asked")
		}
	case happenEnd:
		k := w.carrier(a.n, a.life)
		x.c.linkLost(epoch, k.n, TriggerError, errCut)
		if k.up[a.who] {
			k.drop(a.who, nil)
		}
	case happenCut:
		w.left.cuts--
		w.carrier(a.n, a.life).broken = true
	case happenRestart:
		w.left.restarts[a.who]--
		e.restart(w, a.who)
	case happenClose:
		w.left.closes[a.who]--
		x.c.close(epoch)
	default:
		e.attach(w, a)
	}
	w.sweep()
	e.flush(w)
}

// attach does what concerns attempts.
func (e *explorer) attach(w *world, a action) {
	x := &w.ends[a.who]
	at := -1
	for i := range w.attempts {
		if w.attempts[i].n == a.n && w.attempts[i].dialer == a.life {
			at = i
		}
	}
	forget := func() attempt {
		t := w.attempts[at]
		w.attempts = append(w.attempts[:at:at], w.attempts[at+1:]...)
		return t
	}
	failed := func() {
		if c := w.ends[sideA].c; c.self == a.life && c.link != linkUp && c.phase != phaseEnded {
			c.redial.failed(epoch, 0, false)
		}
	}
	e.nonce = a.n<<8 | uint64(x.probes)
	switch a.what {
	case happenDial:
		w.left.dials--
		e.nonce = x.c.attempt + 1
		n, raw, _ := x.c.beginAttempt(epoch)
		w.attempts = append(w.attempts, attempt{n, x.c.self, raw, nil})
	case happenRequestLost:
		w.left.losses--
		forget()
		failed()
	case happenAnswer:
		e.answer(w, &w.attempts[at])
		if t := &w.attempts[at]; t.dialer != w.ends[sideA].c.self { // who asked has died
			w.lose(t.n, t.dialer)
			forget()
		}
	case happenBind:
		k := w.carrier(a.n, a.life)
		k.pending = false
		if x.c.peer == k.dialer && x.c.bound(epoch, k.n) {
			k.up[sideB] = true
		} else {
			k.drop(sideB, nil)
		}
	case happenAbort:
		w.left.aborts[sideB]--
		k := w.carrier(a.n, a.life)
		k.pending = false
		x.c.unbound(epoch, k.n, errCut)
		k.drop(sideB, nil)
	case happenReplyLost:
		w.left.losses--
		forget()
		w.lose(a.n, a.life)
		failed()
	case happenAdopt:
		t := forget()
		if err := x.c.adopt(epoch, t.n, t.request, t.reply); err != nil {
			w.lose(t.n, t.dialer)
			failed()
			return
		}
		if old := w.linkOf(sideA); old != nil {
			old.drop(sideA, nil)
		}
		w.carrier(t.n, t.dialer).up[sideA] = true
	}
}

// lose says that the dialing side will never have the connection of an attempt.
func (w *world) lose(n uint64, life incarnation) {
	for i := range w.carriers {
		if k := &w.carriers[i]; k.n == n && k.dialer == life {
			k.gone[sideA], k.broken = true, true
		}
	}
}

// answer lets the acceptor, as it is in package session, answer a request.
func (e *explorer) answer(w *world, t *attempt) {
	q, err := parseRequest(t.request)
	if err != nil {
		e.fail("request: %v", err)
	}
	acc := &Acceptor{cfg: e.acceptorCfg, self: w.acceptor, sessions: map[ID]*Session{}}
	b := &w.ends[sideB]
	if b.c != nil && b.c.phase != phaseEnded {
		acc.sessions[e.id] = &Session{id: e.id, core: b.c}
	}
	for _, g := range w.graves {
		acc.graves.add(e.id, g)
	}
	ask := func() (status refusal, reply []byte) {
		s, key, status, fresh := acc.find(q, t.request)
		if s == nil {
			return status, acc.refuse(q, status, key, t.request)
		}
		if fresh {
			*b = endpoint{c: s.core}
			b.c.random = e.random
			b.c.cfg.Budget = NewBudget(DefaultBudgetBytes)
			b.c.log.budget = b.c.cfg.Budget
		}
		r := s.core.accept(epoch, q)
		if fresh && r.status != accepted {
			s.core.finish(epoch, ErrClosed)
		}
		return r.status, r.encode(key, t.request)
	}
	status, reply := ask()
	t.reply = reply
	if status != accepted {
		return
	}
	w.carriers = append(w.carriers, carrier{n: t.n, dialer: t.dialer, pending: true})
	// The same request once more, as a thief or a confused proxy would bring it.
	before := e.coreForm(b.c)
	if again, _ := ask(); again != refusedStale {
		e.fail("a request that was accepted already: %v", again)
	}
	if e.coreForm(b.c) != before {
		e.fail("a refused request changed something")
	}
}

func (e *explorer) send(x *endpoint, who side) {
	f := e.script[who][x.done]
	st := x.c.streams.find(f.stream)
	seq := x.c.log.next
	got := spaceYes
	switch f.typ {
	case frameMessage:
		got = x.c.send(st, []byte(f.body))
	case frameFirst:
		got = x.c.sendFragment(st, []byte(f.body), 0, f.total)
	case frameFragment:
		got = x.c.sendFragment(st, []byte(f.body), f.total-len(f.body), f.total)
	case frameOpen:
		_, got = x.c.openStream(f.body)
	case frameFin:
		got = x.c.finishStream(st)
	}
	if got != spaceYes || seq != uint64(x.done) || x.c.log.next != seq+1 {
		e.fail("%v can't send step %d: %v", who, x.done, got)
	}
	x.done++
}

// write writes one packet of a side's link.
func (e *explorer) write(w *world, who side) {
	k := w.linkOf(who)
	p, ok := w.ends[who].c.nextPacket(epoch, nil)
	if !ok || k == nil {
		e.fail("%v has a packet without a link, or none at all", who)
	}
	if n := len(p.head) + len(p.frames); n > maxPacket || len(p.head) > maxHead {
		e.fail("a packet of %d bytes", n)
	}
	if !k.broken {
		k.toward[who.other()] = append(k.toward[who.other()], append(append([]byte(nil), p.head...), p.frames...))
	}
	w.ends[who].c.wrote(p)
}

// flush writes at once what a scenario does not leave to a step of its own: waiting in flight
// is as good as waiting to be written, but for what is put into one packet.
func (e *explorer) flush(w *world) {
	for s := range w.ends {
		c := w.ends[s].c
		if c == nil || w.linkOf(side(s)) == nil {
			continue
		}
		if !e.chatter {
			hush(c)
		}
		if !e.acks && !c.rx.ackDue.IsZero() {
			e.acknowledge(&w.ends[s])
		}
		for c.wantsWrite() && (!e.batches || c.log.unsent() == 0) {
			e.write(w, side(s))
		}
	}
	w.sweep()
}

// hush drops what a side would say of heartbeats and consumption. Nothing in a scenario without
// probes and with little data depends on that, and it makes for many more worlds.
func hush(c *core) {
	if c.live.probe.phase == probeBeat {
		c.live.probe, c.out.ping = probe{}, false
	}
	c.live.ackWait = time.Time{}
	ss := &c.streams
	for _, st := range ss.consumed {
		st.listed, st.creditDue, st.toldConsumed = false, false, st.consumed
	}
	ss.consumed, ss.due, ss.progressAt = nil, 0, time.Time{}
}

func (e *explorer) deliver(w *world, who side, k *carrier) {
	packet := k.toward[who][0]
	k.toward[who] = k.toward[who][1:]
	x := &w.ends[who]
	e.nonce = k.n<<8 | uint64(x.probes)
	blk := &block{buf: make([]byte, len(packet)), pins: 1}
	copy(blk.buf, packet)
	if _, err := x.c.receive(epoch, k.n, blk); err != nil {
		e.fail("%v takes a packet for a violation: %v", who, err)
	}
	if !e.lazy {
		e.consume(x)
	}
}

// consume takes everything that has arrived, on all streams.
func (e *explorer) consume(x *endpoint) {
	for x.c.streams.incoming.len() > 0 {
		st := x.c.streams.incoming.pop()
		x.got = append(x.got, fmt.Sprintf("%d:open %s", st.id, st.name))
	}
	x.c.streams.all(func(st *stream) {
		for {
			t := x.c.consume(st, nil)
			if !t.whole {
				return
			}
			x.got = append(x.got, fmt.Sprintf("%d:%s", st.id, t.msg))
		}
	})
}

// acknowledge lets the timer of an acknowledgement fire, well before any other is due.
func (e *explorer) acknowledge(x *endpoint) {
	if e.tick(x, epoch.Add(ackDelay)) {
		e.fail("the timer of an acknowledgement ended the link")
	}
}

// tick lets a side's timer fire.
func (e *explorer) tick(x *endpoint, now time.Time) (lost bool) {
	e.nonce = x.c.linkID<<8 | uint64(x.probes)
	link := x.c.linkID
	lost, trigger := x.c.tick(now)
	if lost {
		x.c.linkLost(now, link, trigger, errSilent)
	} else if d := x.c.deadline(); !d.IsZero() && !d.After(now) {
		e.fail("the deadline stays due after its tick: the timer would fire for ever")
	}
	x.c.armed = time.Time{}
	return lost
}

// restart begins a new life of a side: it remembers nothing. The acceptor will not know the
// session; the dialing side has one of the same id and says so.
func (e *explorer) restart(w *world, who side) {
	for i := range w.carriers {
		k := &w.carriers[i]
		k.drop(who, nil)
		if who == sideB {
			k.pending = false
		}
	}
	if who == sideB {
		w.acceptor++
		w.graves = nil
		w.ends[sideB] = endpoint{}
		return
	}
	kept := w.attempts[:0:0]
	for _, t := range w.attempts { // what is on its way arrives; nobody waits for the answer
		if t.reply == nil {
			kept = append(kept, t)
		} else {
			w.lose(t.n, t.dialer)
		}
	}
	w.attempts = kept
	w.ends[sideA] = e.dialer(w.ends[sideA].c.self + 1)
}
