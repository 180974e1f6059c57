package session

import "time"

// trickle sends over a path on which one packet takes longer than all patience at first. That
// may cost a link until it is learned, but not one after another.
func (d *day) trickle() {
	const messages, size = 24, 20_000
	n := &d.net
	n.rate, n.delay, n.jitter = 20_000, 5*time.Millisecond, 0
	d.slow = true
	for _, p := range d.pairs {
		if !p.alive() {
			continue
		}
		from, before, done := p.ends[d.rng.IntN(2)], d.totals.judged, false
		d.spawn(from.proc, func(t *task) {
			l := p.lane(from.side, mainStream)
			for range messages {
				for err := ErrFull; err != nil; {
					if err = from.send(t, from.s.main, l, size, 0); err != nil {
						t.sleep(10 * time.Millisecond)
					}
				}
			}
			done = true
		})
		if !d.untilTrue(d.t+2*time.Minute, func() bool { return done && from.core.log.unacked() == 0 }) {
			d.fail("§9: %d bytes don't get through a path of %.0f bytes a second in two minutes: %v", messages*size, n.rate, p)
		}
		if gone := d.totals.judged - before; gone > 4 {
			d.fail("§9: %d links were given up on a slow path", gone)
		}
	}
	d.slow = false
	n.weather()
	d.until(d.t + 5*time.Second)
}

// transfer sends a lot at once: the window follows the path (§6).
func (d *day) transfer() {
	const messages, size = 300, 20_000
	n := &d.net
	n.rate, n.delay, n.jitter = 50_000_000, 40*time.Millisecond, 0
	for _, p := range d.pairs {
		if !p.alive() {
			continue
		}
		from := p.ends[d.rng.IntN(2)]
		to := p.ends[from.side.other()]
		if from.core.cfg.ReplayBytes < DefaultReplayBytes || from.core.cfg.ReplayMessages < messages || to.core.cfg.Budget.limit < DefaultBudgetBytes || d.plan.sndBuf < 4<<20 {
			continue // something else is narrower
		}
		before, began, done := to.core.streams.main.window, d.t, simTime(0)
		d.spawn(from.proc, func(t *task) {
			l := p.lane(from.side, mainStream)
			for range messages {
				for err := ErrFull; err != nil; {
					if err = from.send(t, from.s.main, l, size, 0); err != nil && err != ErrFull {
						d.fail("a send in calm weather: %v", err)
					}
					if err != nil {
						t.sleep(time.Millisecond)
					}
				}
			}
			done = d.t
		})
		if !d.untilTrue(d.t+time.Minute, func() bool { return done > 0 }) {
			d.fail("§6: 6 MB take more than a minute")
		}
		window := to.core.streams.main.window
		d.note("net", "transfer", int64(window), int64(done-began))
		if before < 1<<20 && to.core.cfg.MaxCredit > 4*before && window <= before {
			d.fail("§6: 6 MB have not made the window grow; it is %d bytes, they took %v", window, done-began)
		}
	}
}

// talk lets one side ask once and the other talk on: whoever takes all that it was sent is not
// stalled, whatever it says itself (§6).
func (d *day) talk() {
	beat := d.plan.heartbeat
	for _, p := range d.pairs {
		if !p.alive() {
			continue
		}
		asks := p.ends[d.rng.IntN(2)]
		talks := p.ends[asks.side.other()]
		say := func(x *simDriver) {
			d.spawn(x.proc, func(t *task) {
				err := x.send(t, x.s.main, p.lane(x.side, mainStream), 100, 0)
				if err != nil && err != ErrFull && !p.closes[x.side] { // it may come to run when the day is over
					d.fail("a send in calm weather: %v", err)
				}
			})
		}
		say(asks)
		d.until(d.t + time.Millisecond)
		for began := d.t; talks.core.rx.next < asks.core.log.next && d.t < began+time.Minute; {
			d.until(d.t + time.Millisecond) // the first word is an answer, and acknowledges
		}
		for range 2 * (stallPatience + 2) {
			say(talks)
			d.until(d.t + beat/2)
			if asks.core.published == Stalled {
				d.fail("§6: %v takes its peer for stalled, which has taken everything", asks.side)
			}
		}
	}
}
