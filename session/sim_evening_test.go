package session

import "time"

// The evening of a day: the weather is calm, and everything has to come to rest.

// calmDown ends all trouble.
func (d *day) calmDown() {
	n := &d.net
	d.evening, d.calmAt = true, d.t
	d.note("net", "calm", 0, 0)
	n.down, n.swallow, n.deafen, n.port = [2]bool{}, 0, 0, portOurs
	if n.delay > 400*time.Millisecond || d.chance(2) { // another path, for which links don't know the round trip
		n.gen++
		n.weather()
	}
	for _, h := range d.hosts {
		if h.asleep {
			h.wake()
		}
		for _, p := range h.procs {
			p.resume()
			p.lag = 20 * time.Microsecond
		}
		d.starts(h)
	}
}

// bounds of the evening.
const (
	linkedBy  = 90 * time.Second // the longest pause, and an attempt that was made in vain
	drainedBy = 10 * time.Minute // at the slowest rate
)

// alive reports whether a session lives at both its ends.
func (p *simPair) alive() bool {
	for _, x := range p.ends {
		if x == nil || !x.proc.alive || x.core.phase != phaseOpen {
			return false
		}
	}
	return true
}

// converge: sessions become active again, and all that was sent arrives (S2).
func (d *day) converge() {
	var bad *simPair
	if !d.untilTrue(d.t+linkedBy, func() bool {
		bad = nil
		for _, p := range d.pairs {
			a, b := p.ends[sideA], p.ends[sideB]
			if p.alive() && (a.link == nil || b.link == nil || a.link.id != b.link.id || !a.link.sock.conn.healthy(&d.net)) {
				bad = p
			}
			// An end whose peer is gone learns it as soon as it has dialled.
			if a.proc.alive && a.core.phase == phaseOpen && !p.alive() && b != nil {
				bad = p
			}
		}
		return bad == nil
	}) {
		d.fail("S7: not joined %v after the weather became calm: %v", linkedBy, bad)
	}
	d.drain()
	d.settled = true
	d.nudgeAll(sideA, TriggerManual) // whoever is asked answers, however far it is
	d.nudgeAll(sideB, TriggerManual)
	d.until(d.t + 5*time.Second)
	if d.plan.talk {
		d.talk()
		d.drain()
	}
	if d.plan.trickle {
		d.trickle()
		d.drain()
	}
	if d.plan.bulk {
		d.transfer()
		d.drain()
	}
	for _, p := range d.pairs {
		if p.alive() {
			p.settled()
		}
	}
}

func (d *day) drain() {
	var bad *simPair
	if !d.untilTrue(d.t+drainedBy, func() bool {
		bad = nil
		for _, p := range d.pairs {
			for _, x := range p.ends {
				if p.alive() && (x.core.log.unacked() > 0 || x.core.inboxBytes() > 0) {
					bad = p
				}
			}
		}
		return bad == nil
	}) {
		d.fail("S2: not everything has arrived %v after the weather became calm: %v, inboxes of %d and %d bytes", d.t-d.calmAt, bad,
			bad.ends[0].core.inboxBytes(), bad.ends[1].core.inboxBytes())
	}
	d.until(d.t + d.plan.heartbeat + 5*time.Second) // what was consumed is told with a heartbeat
}

// settled: both ends of a session that nothing has ended agree about everything.
func (p *simPair) settled() {
	for i, x := range p.ends {
		s := side(i)
		y := p.ends[s.other()]
		if y.core.rx.next != x.core.log.next || x.core.state(x.now()) != Active {
			p.d.fail("S2: %v", p)
		}
		for id, l := range p.lanes[s] {
			if !l.reset && l.got != len(l.sent) {
				p.d.fail("S2: %v of session %d: %d of %d messages of stream %d were delivered", s, p.n, l.got, len(l.sent), id)
			}
			// Whoever has consumed everything has given nearly all its window to the sender.
			from, to := x.core.streams.find(id), y.core.streams.find(id)
			if from == nil || to == nil || from.out != flowing || to.from != flowing {
				continue
			}
			if from.sentOffset != to.rcvdOffset || to.consumed != to.rcvdOffset || from.sendLimit != to.rcvLimit {
				p.d.fail("§6: stream %d of session %d: %v has sent %d up to %d, received are %d, consumed %d, granted %d", id, p.n, s,
					from.sentOffset, from.sendLimit, to.rcvdOffset, to.consumed, to.rcvLimit)
			}
			if from.credit() < uint64(to.window)*3/4 {
				p.d.fail("§6: stream %d of session %d: credit of %d is left of %d", id, p.n, from.credit(), to.window)
			}
		}
	}
}

// closeAll closes all sessions in an orderly way: those that live at both ends end so, with
// everything delivered.
func (d *day) closeAll() {
	var orderly []*simPair
	for _, p := range d.pairs {
		if p.alive() {
			orderly = append(orderly, p)
		}
		for _, x := range p.ends {
			if x != nil && x.proc.alive && !x.over && (x.side == sideA || p.alive() && d.chance(3)) {
				x.close()
			}
		}
	}
	var bad *simPair
	if !d.untilTrue(d.t+linkedBy, func() bool {
		bad = nil
		for _, p := range d.pairs {
			for _, x := range p.ends {
				if x != nil && x.proc.alive && !x.over && (x.side == sideA || p.ends[sideA].proc.alive) && p.meets() {
					bad = p
				}
			}
		}
		return bad == nil
	}) {
		d.fail("S4: it does not close: %v", bad)
	}
	for _, p := range orderly {
		for s, x := range p.ends {
			if p.received(side(s).other()) != x.core.log.next {
				p.d.fail("S2: closed with something undelivered: %v", p)
			}
		}
	}
}

// meets reports whether the ends of a session can hear of one another still.
func (p *simPair) meets() bool {
	for _, x := range p.ends {
		if x == nil || !x.proc.alive || x.over {
			return false
		}
	}
	return true
}

// night lets retention pass: then nothing is left of any session, and what was said is true.
func (d *day) night() {
	d.until(d.t + d.plan.detachedFor + time.Minute)
	for _, p := range d.pairs {
		for s, x := range p.ends {
			if x == nil {
				continue
			}
			p.truthful(side(s))
			if x.proc.alive && !x.over {
				d.fail("S4: an end is left at night: %v", p)
			}
		}
		for s := range p.lanes {
			to := p.ends[side(s).other()]
			if to == nil || !to.proc.alive || p.aborts[to.side] {
				continue
			}
			for id := range p.lanes[s] {
				if to.s.offered || to.side == sideA { // else no application has ever had it
					p.exhausted(to, id, to.core.end.err)
				}
			}
		}
	}
	for _, h := range d.hosts {
		for _, p := range h.procs {
			if used := p.budget.Used(); used != 0 {
				d.fail("S5: %d bytes of the budget are still in use", used)
			}
		}
	}
}
