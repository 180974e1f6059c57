package session

import (
	"time"

	"github.com/standardbeagle/brum/errors"
)

// What has to hold all the time.

// meter counts what a side does, to tell storms.
type meter struct {
	scratch []byte
	packets int
	ticks   int
	from    simTime
}

// ticked: no timer storm. What ticks has a reason: a packet, or an interval.
func (x *simDriver) ticked() {
	m := &x.meter
	x.d.totals.ticks++
	m.ticks++
	if x.d.t-m.from < time.Minute {
		return
	}
	if m.ticks > 150+2*m.packets {
		x.d.fail("%v of session %d: the timer fired %d times within %v, in which there were %d packets", x.side, x.pair.n, m.ticks, x.d.t-m.from, m.packets)
	}
	m.ticks, m.packets, m.from = 0, 0, x.d.t
}

// checkPacket: what is written keeps to the limits (protocol.md §3.1, §10).
func (x *simDriver) checkPacket(p packet) {
	if n := len(p.head) + len(p.frames); n > maxPacket || len(p.head) > maxHead {
		x.d.fail("S5: a packet of %d bytes, %d of them control frames", n, len(p.head))
	}
}

// changed looks at a change of state.
func (x *simDriver) changed(ch Change) {
	x.note("becomes "+ch.To.String(), int64(ch.Trigger), int64(ch.Attempt))
	if ch.To.Linked() && !ch.From.Linked() && x.core.counts.resumes > 0 {
		x.d.totals.resumes++
	}
}

// check looks at a side after each step.
func (x *simDriver) check(now time.Time) {
	c := x.core
	if got := c.state(now); got != c.published && got != Stalled && c.published != Stalled {
		x.d.fail("%v of session %d is %v and says %v", x.side, x.pair.n, got, c.published)
	}
	if (x.link != nil) != (c.link == linkUp) {
		x.d.fail("S6: %v has link %v, its core's is in phase %d", x.side, x.link != nil, c.link)
	}
	if dl := c.deadline(); c.phase != phaseEnded && !dl.IsZero() && (c.armed.IsZero() || c.armed.After(dl)) {
		x.d.fail("%v is not looked at by its deadline", x.side)
	}
	x.bounded()
	x.judge.look(x)
}

// bounded: S5.
func (x *simDriver) bounded() {
	c := x.core
	x.replayBounded()
	if c.log.sent < c.log.acked || c.log.next < c.log.sent {
		x.d.fail("%v: acked %d, sent %d, next %d", x.side, c.log.acked, c.log.sent, c.log.next)
	}
	if c.streams.bySelf > maxStreams || c.streams.byPeer > maxStreams {
		x.d.fail("S5: %v has %d and %d streams", x.side, c.streams.bySelf, c.streams.byPeer)
	}
	x.windowBounded(&c.streams.main)
	if st := c.streams.recent; st != nil {
		x.windowBounded(st)
	}
}

// replayBounded: a send log is beyond its ordinary extent for a live link only, and for as much as
// the budget was asked.
func (x *simDriver) replayBounded() {
	c, before := x.core, x.kept
	l, ordinary := &c.log, max(c.cfg.ReplayBytes, largeBlock)
	x.kept = kept{l.held, l.unacked()}
	wide := 1 + float64(c.cfg.LongPath)/float64(c.cfg.ReplayBytes)
	if l.stretched > c.cfg.LongPath || l.held-l.stretched > ordinary || float64(l.unacked()) > wide*float64(c.cfg.ReplayMessages)+1 {
		x.d.fail("S5: %v keeps %d bytes, %d of them stretched, %d frames", x.side, l.held, l.stretched, l.unacked())
	}
	if c.link == linkUp && c.moving && c.live.rtt > 0 {
		return
	}
	if l.held > max(ordinary, before.bytes) || l.unacked() > max(uint64(c.cfg.ReplayMessages)+1, before.frames) {
		x.d.fail("S5: %v goes from %v to %v while nothing of that gets through", x.side, before, x.kept)
	}
}

// kept is what a send log holds.
type kept struct {
	bytes  int
	frames uint64
}

// windowBounded: what a stream may be sent is within what is reserved for it, and what has come is
// within that.
func (x *simDriver) windowBounded(st *stream) {
	c := x.core
	if c.phase == phaseEnded {
		return
	}
	if most := c.streams.bounds.ordinary + st.stretched; st.stretched > c.cfg.LongPath || st.window > most || int(st.rcvLimit-st.consumed) > most || st.in.bytes > most {
		x.d.fail("S5: %v holds %d bytes of stream %d, gave credit for %d; the window is %d, stretched by %d", x.side, st.in.bytes, st.id,
			st.rcvLimit-st.consumed, st.window, st.stretched)
	}
}

// accounts: S5. The budget of a process is what its sessions hold, no less and no more.
func (p *simProcess) accounts() {
	used, stretched := 0, [stretchCount]int{}
	for _, x := range p.drivers {
		used += x.core.log.held
		stretched[stretchSent] += x.core.log.stretched
		ss := &x.core.streams
		ss.all(func(st *stream) {
			used += min(st.window, ss.bounds.ordinary) - ss.window + st.stretched
			stretched[stretchReceived] += st.stretched
		})
	}
	b := p.budget
	if b.used != used || b.stretched != stretched {
		p.d.fail("S5: sessions hold %d bytes, %d of them stretched; the budget has %d and %d", used, stretched, b.used, b.stretched)
	}
	for _, n := range stretched {
		if n > p.budget.limit/stretchShare {
			p.d.fail("S5: %d of %d bytes are stretched", n, p.budget.limit)
		}
	}
}

// judge watches how a side judges its peer (S7, S8). Its times are those for which the side's
// process has run: while it does not, it can do nothing.
type judge struct {
	nonce     uint64
	probed    simTime // when the pending probe began
	probedAt  simTime // the same in true time
	heardAt   simTime // when something last arrived
	unacked   simTime // since when something that arrived is not acknowledged; below 0 for never
	attempted simTime // when the last attempt of this outage was made; below 0 for none
	outage    time.Time
	slowed    bool // somebody has asked to wait, or another program answered

	slept simTime       // of the host, when the timer was set
	set   time.Duration // of its wall clock
}

func (j *judge) init() { j.unacked, j.attempted = -1, -1 }

func (j *judge) linked(x *simDriver) {
	j.heardAt, j.unacked, j.attempted = x.proc.ran(), -1, -1
	x.checkStale()
}

// armed notes that the timer is set.
func (j *judge) armed(x *simDriver) { j.slept, j.set = x.proc.host.rested, x.proc.host.clock.set }

// woken: S8. A host that has slept asks before anything else, if its clocks tell.
func (j *judge) woken(x *simDriver) {
	h := x.proc.host
	if slept := h.rested - j.slept; slept > pauseSlack+x.grace() && h.clock.set == j.set && !h.clock.sleepless && x.core.live.probe.phase != probePending {
		x.d.fail("S8: %v has slept for %v and does not ask", x.side, slept)
	}
}

// grace is what the scheduler may add to a deadline.
func (x *simDriver) grace() time.Duration { return 50*time.Millisecond + 250*x.proc.lag }

func (j *judge) look(x *simDriver) {
	c, ran := x.core, x.proc.ran()
	if p := c.live.probe; p.phase == probePending && p.nonce != j.nonce {
		j.nonce, j.probed, j.probedAt = p.nonce, ran, x.d.t
	}
	if c.link != linkUp {
		j.unacked = -1
		j.outages(x, ran)
		return
	}
	switch {
	case c.rx.next == c.rx.acked:
		j.unacked = -1
	case j.unacked < 0 || x.link.writing: // a packet takes as long as it takes
		j.unacked = ran
	case ran-j.unacked > 25*time.Millisecond+x.grace() && c.phase != phaseEnded:
		x.d.fail("%v: what arrived %v ago is not acknowledged", x.side, ran-j.unacked)
	}
	if silent := ran - j.heardAt; silent > c.cfg.Window+maxProbe+x.grace() {
		x.d.fail("S8: %v has heard nothing for %v and keeps its link", x.side, silent)
	}
}

// outages: in the first two minutes of an outage attempts follow one another closely (§8).
func (j *judge) outages(x *simDriver, ran simTime) {
	c := x.core
	if x.side != sideA || c.phase == phaseEnded {
		return
	}
	if !c.redial.outageStart.Equal(j.outage) {
		j.outage, j.slowed, j.attempted = c.redial.outageStart, false, ran
		if began := x.now().Sub(j.outage); began > x.grace() {
			x.d.fail("S7: an outage that %v notices now began %v ago: it is less eager", x.side, began)
		}
	}
	if !j.slowed && x.now().Sub(c.redial.outageStart) < eagerPeriod && ran-j.attempted > eagerStep+x.grace() {
		x.d.fail("S7: %v makes no attempt for %v in an outage", x.side, ran-j.attempted)
	}
}

// heard notes that a packet has arrived.
func (j *judge) heard(x *simDriver) { j.heardAt = x.proc.ran() }

// failed notes that an attempt has.
func (j *judge) failed(err error) {
	if errors.RetryAfter(err) > 0 || !errors.IsTemporary(err) {
		j.slowed = true
	}
}

// condemns: S8. The side has asked and had the time to hear.
func (x *simDriver) condemns(now time.Time, p probe) {
	j, ran := &x.judge, x.proc.ran()
	x.d.totals.judged++
	x.note("gives its link up", int64(ran-j.probed), int64(ran-j.heardAt))
	if p.phase != probePending {
		x.d.fail("S8: %v gives its link up and has not asked", x.side)
	}
	// It can't tell a pause that is shorter than its looks are apart.
	stopped := (x.d.t - j.probedAt) - (ran - j.probed)
	if least := minProbe - x.grace(); (ran-j.probed < least || ran-j.heardAt < least) && stopped > minProbe+probeSlack+x.grace() {
		x.d.fail("S8: %v gives its link up; it has run for %v since it asked, %v since it heard something", x.side, ran-j.probed, ran-j.heardAt)
	}
	if x.reachesPeer() {
		x.d.fail("S8: %v judges a live peer dead in calm weather: it asked %v ago, heard something %v ago, RTT %v", x.side, ran-j.probed, ran-j.heardAt, x.core.live.rtt)
	}
}

// reachesPeer reports whether the link can't have been silent for any fault of the network. When
// it was bound tells nothing: that may be seconds after its connection was made, in calm weather,
// and of a path that is no more.
func (x *simDriver) reachesPeer() bool {
	d := x.d
	switch {
	case d.slow || x.link == nil:
		return false
	case d.settled && x.pair.alive():
		return true
	}
	return d.evening && x.link.sock.conn.made > d.calmAt
}

// nudged: S7. Whoever has no link dials at once, whoever has one asks.
func (j *judge) nudged(x *simDriver, nudge func()) {
	c := x.core
	before, link, open := c.attempt, c.link, c.phase != phaseEnded
	nudge()
	switch {
	case !open:
	case link == linkUp && c.live.probe.phase != probePending:
		x.d.fail("S7: %v is nudged and does not ask", x.side)
	case link == linkNone && x.side == sideA && c.attempt == before:
		x.d.fail("S7: %v is nudged and does not dial", x.side)
	}
}

// checkStale: what comes from a former link changes nothing (S6).
func (x *simDriver) checkStale() {
	c := x.core
	if c.linkID == 0 || c.link != linkUp {
		return
	}
	now, before := x.now(), *c
	stale := c.linkID - 1
	p := appendControl(nil, frameAck, c.log.next)
	p = appendReason(p, frameEnd, "", c.rx.next, 0, 0)
	if kept, err := c.receive(now, stale, &block{buf: p}); kept || err != nil {
		x.d.fail("S6: %v listens to link %d while it has %d", x.side, stale, c.linkID)
	}
	c.linkLost(now, stale, TriggerError, errCut)
	if c.bound(now, stale) {
		x.d.fail("S6: %v binds link %d while it has %d", x.side, stale, c.linkID)
	}
	if c.link != before.link || c.phase != before.phase || c.log.acked != before.log.acked || c.live.lastInbound != before.live.lastInbound {
		x.d.fail("S6: %v was changed by link %d while it has %d", x.side, stale, c.linkID)
	}
}
