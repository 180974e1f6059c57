package session

import (
	"slices"
	"time"
)

// What happens to hosts, processes and the network in the course of a day.

// trouble is one such thing.
func (d *day) trouble() {
	if d.evening {
		return
	}
	n, h := &d.net, d.hosts[d.rng.IntN(2)]
	short := d.plan.length / 4
	switch d.rng.IntN(20) {
	case 0, 1:
		d.cut()
	case 2, 3:
		d.hole(d.rng.IntN(3), d.about(20*time.Millisecond, min(10*time.Minute, short)))
	case 4:
		for range 2 + d.rng.IntN(8) { // one after another
			d.at(d.about(time.Millisecond, 20*time.Second), d.cut)
		}
	case 5: // what is on its way comes late
		was := n.delay
		n.delay += d.about(100*time.Millisecond, 10*time.Second)
		d.note("net", "is late", int64(n.delay), 0)
		d.at(d.about(time.Second, min(time.Minute, short)), func() {
			if !d.evening {
				n.delay = was
			}
		})
	case 6, 7:
		d.move()
	case 8, 9, 10:
		d.sleep(h, d.about(time.Second, min(8*time.Hour, max(d.plan.length, time.Minute))))
	case 11, 12:
		d.pause(h, d.about(20*time.Millisecond, min(10*time.Minute, short)))
	case 13:
		d.restart(h)
	case 14:
		n.swallow += 1 + d.rng.IntN(4)
		d.note("net", "swallows", int64(n.swallow), 0)
		d.cut()
	case 15:
		n.deafen += 1 + d.rng.IntN(3)
		d.cut()
	case 16:
		n.port = portUse(1 + d.rng.IntN(2))
		d.foreign = d.foreign || n.port == portForeign
		d.note("net", "port is taken", int64(n.port), 0)
		d.cut()
		d.at(d.about(100*time.Millisecond, min(10*time.Minute, short)), func() { n.port = portOurs })
	case 17:
		d.thief()
	case 18:
		d.odd(h)
	case 19:
		d.end()
	}
}

// cut ends connections in one of the ways in which they end.
func (d *day) cut() {
	if d.evening {
		return
	}
	d.totals.cuts++
	for _, c := range slices.Clone(d.net.conns) {
		how, s := d.rng.IntN(5), d.rng.IntN(2)
		d.note("net", "cuts", int64(c.id), int64(how))
		tell := func(k *simSocket, err error) {
			d.at(d.between(0, 200*time.Millisecond), func() { k.fail(err) })
		}
		switch how {
		case 0: // both ends hear of it
			tell(c.sockets[0], errSimReset)
			tell(c.sockets[1], errSimReset)
		case 1: // one does
			c.dead = [2]bool{true, true}
			tell(c.sockets[s], errSimReset)
		case 2: // none does
			c.dead = [2]bool{true, true}
		case 3: // one direction is dead
			c.dead[s] = true
		case 4:
			tell(c.sockets[s], errSimEnd)
			tell(c.sockets[1-s], errSimEnd)
		}
	}
}

// hole makes the path a black hole, one way or both.
func (d *day) hole(way int, length time.Duration) {
	n := &d.net
	d.totals.holes++
	d.note("net", "black hole", int64(way), int64(length))
	n.down[sideA], n.down[sideB] = way != 0, way != 1
	d.at(length, func() {
		n.down = [2]bool{}
		d.note("net", "is whole", 0, 0)
		if !d.chance(3) {
			d.nudgeAll(sideA, TriggerNetwork)
		}
	})
}

// move gives the dialing host another path.
func (d *day) move() {
	n := &d.net
	d.totals.moves++
	n.gen++
	n.weather()
	if d.chance(2) { // the host's own connections are reset
		for _, c := range slices.Clone(n.conns) {
			c.sockets[sideA].fail(errSimReset)
		}
	}
	if !d.chance(5) {
		d.at(d.between(0, 2*time.Second), func() { d.nudgeAll(sideA, TriggerNetwork) })
	}
	if d.chance(2) {
		d.at(d.between(0, 2*time.Second), func() { d.nudgeAll(sideB, TriggerNetwork) })
	}
}

func (d *day) nudgeAll(s side, why Trigger) {
	for _, x := range d.live() {
		if x.side == s {
			x.proc.run(func() { x.nudge(why) })
		}
	}
}

func (d *day) sleep(h *simHost, length time.Duration) {
	if h.asleep {
		return
	}
	d.totals.sleeps++
	h.sleep()
	fell := h.fell
	d.at(length, func() {
		if !h.asleep || h.fell != fell {
			return
		}
		for _, c := range d.net.conns {
			if length > time.Minute && d.chance(2) { // forgotten by what stands between
				c.dead = [2]bool{true, true}
			}
		}
		h.wake()
		if !d.chance(4) { // something tells programs
			d.at(d.between(0, 3*time.Second), func() { d.nudgeAll(h.side, TriggerWake) })
		}
	})
}

func (d *day) pause(h *simHost, length time.Duration) {
	if len(h.procs) == 0 {
		return
	}
	d.totals.pauses++
	p := h.procs[d.rng.IntN(len(h.procs))]
	p.pause()
	d.at(length, p.resume)
}

// restart kills a program and starts it again.
func (d *day) restart(h *simHost) {
	if len(h.procs) == 0 || h.asleep {
		return
	}
	d.totals.restarts++
	p := h.procs[0]
	p.kill()
	if h.side == sideA && len(h.procs) > 0 {
		return
	}
	d.at(d.about(5*time.Millisecond, time.Minute), func() { d.starts(h) })
}

func (d *day) starts(h *simHost) {
	if h.side == sideB && d.port == nil {
		d.startB()
	} else if h.side == sideA && len(h.procs) == 0 {
		d.startA(false)
	}
}

// thief sends a request once more that was accepted.
func (d *day) thief() {
	if len(d.captured) == 0 || d.port == nil {
		return
	}
	d.totals.replays++
	p, request := d.port, d.captured[d.rng.IntN(len(d.captured))]
	p.run(func() {
		if _, x, _ := p.attach(request); x != nil {
			d.fail("§4.3: a request is accepted twice")
		}
	})
}

// odd is what is seldom.
func (d *day) odd(h *simHost) {
	switch d.rng.IntN(5) {
	case 0: // the wall clock is set
		h.clock.set += d.between(-10*time.Second, 10*time.Second)
		d.note(h.name, "clock is set", int64(h.clock.set), 0)
	case 1: // a loaded machine
		for _, p := range h.procs {
			p.lag = d.about(time.Millisecond, 100*time.Millisecond) / 100
			d.note(h.name, "is slow", int64(p.lag), 0)
		}
	case 2: // another program of the same identity
		if h := d.hosts[sideA]; d.plan.owner && len(h.procs) < 3 && !h.asleep {
			d.startA(true)
		}
	case 3:
		d.nudgeAll(h.side, TriggerManual)
	case 4: // stopped just when it has asked
		d.nudgeAll(h.side, TriggerManual)
		d.at(d.between(0, 100*time.Millisecond), func() {
			if !d.evening {
				d.pause(h, d.between(400*time.Millisecond, 1500*time.Millisecond))
			}
		})
	}
}

// end lets an application end its session.
func (d *day) end() {
	list := d.live()
	if len(list) == 0 {
		return
	}
	x := list[d.rng.IntN(len(list))]
	how := d.rng.IntN(5)
	x.proc.run(func() {
		switch {
		case x.over:
		case how == 0:
			x.closeNow()
		default:
			x.close()
		}
	})
	if other := x.pair.ends[x.side.other()]; other != nil && how == 1 { // both at once
		d.at(d.about(time.Microsecond, time.Second), func() {
			other.proc.run(func() {
				if !other.over {
					other.close()
				}
			})
		})
	}
}
