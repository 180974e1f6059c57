package session

import "time"

// Bounds of a probe's deadline and of the patience with unacknowledged data.
const (
	minProbe      = 250 * time.Millisecond
	maxProbe      = 1500 * time.Millisecond
	minAckAge     = 500 * time.Millisecond
	pauseSlack    = time.Second            // a tick that comes this late means that this process did not run
	probeSlack    = 100 * time.Millisecond // the same while a probe is pending
	maxLull       = 5 * time.Second
	maxAsked      = 4 // times in a row that a probe is asked, on a machine that is always late
	stallPatience = 3 // heartbeats without consumption before a peer counts as stalled
)

// Parts of a heartbeat.
const (
	beatAhead = 32 // so much sooner it is the turn of the side that was pinged last
	beatGrain = 64 // heartbeats are due at multiples of this: sessions that are idle wake their process together
)

// verdictOnLink is what a tick has to say about the link.
type verdictOnLink uint8

const (
	linkFine verdictOnLink = iota
	linkDead
)

// liveness judges the current link. Anything that arrives is a sign of life; what we send
// never is. It condemns a link only after a probe went unanswered, and a probe that was
// under way while this process was paused or the system slept is asked again.
type liveness struct {
	role      role
	heartbeat time.Duration
	window    time.Duration

	lastInbound time.Time
	rtt         time.Duration // smoothed; 0 until measured
	sample      time.Duration // the latest of which it was made
	sampledAt   time.Time     // when that was, or when the link began

	probe   probe
	turn    bool      // the peer has sent the last ping: the next is this side's
	ackWait time.Time // since when the oldest sent frame waits; zero when nothing waits
	// lull is the longest that acknowledgements have lately kept us waiting. On a slow path that
	// is the time of a packet, which no round trip of a small one tells.
	lull time.Duration
}

// probe is a ping whose answer decides about the link. While it is pending the clock is looked
// at often: a pause as long as a probe may take must not pass for silence.
type probe struct {
	phase    probePhase
	trigger  Trigger
	nonce    uint64
	sentAt   time.Time
	began    time.Time // before it was asked again
	deadline time.Time
	look     time.Time // when tick must come, at the latest at deadline
	asked    int       // so often, because tick came late
}

type probePhase uint8

const (
	probeNone    probePhase = iota
	probeBeat               // a heartbeat's ping: an answer is welcome, silence proves nothing yet
	probePending            // the answer decides
)

// begin starts judging a fresh link, with a ping to learn its round trip: the former link's may
// have been that of another path.
func (v *liveness) begin(now time.Time, nonce uint64) {
	v.lastInbound, v.rtt = now, 0
	v.sample, v.sampledAt = 0, now
	v.ackWait = time.Time{}
	v.beat(now, nonce)
}

// beat notes a ping that welcomes an answer and judges nobody.
func (v *liveness) beat(now time.Time, nonce uint64) {
	v.probe = probe{phase: probeBeat, nonce: nonce, sentAt: now, began: now}
	v.turn = false
}

// pinged notes that the peer has sent a ping. When two have crossed, the next is the dialing side's.
func (v *liveness) pinged() { v.turn = v.probe.phase == probeNone || v.role == dialing }

// patience is how long an answer to a probe may take.
func (v *liveness) patience() time.Duration {
	if v.rtt == 0 {
		return maxProbe
	}
	return min(max(4*v.rtt, 2*v.lull, minProbe), maxProbe)
}

// ask starts a probe, unless one is already pending.
func (v *liveness) ask(now time.Time, trigger Trigger, nonce uint64) (ping bool) {
	if v.probe.phase == probePending {
		return false
	}
	v.probe = probe{phase: probePending, trigger: trigger, nonce: nonce, sentAt: now, began: now, deadline: now.Add(v.patience()), asked: 1}
	v.turn = false
	v.lookAgain(now)
	return true
}

func (v *liveness) lookAgain(now time.Time) {
	v.probe.look = now.Add(minProbe)
	if v.probe.deadline.Before(v.probe.look) {
		v.probe.look = v.probe.deadline
	}
}

// inbound notes that something arrived. It gives a pending probe more time, but does not
// answer it: after a pause, what arrives first was waiting in a buffer.
func (v *liveness) inbound(now time.Time) {
	v.lastInbound = now
	if v.probe.phase == probePending {
		v.probe.deadline = now.Add(v.patience())
	}
}

// pong ends the probe whose nonce it carries; any other is stale.
func (v *liveness) pong(now time.Time, nonce uint64) (answered bool) {
	if v.probe.phase == probeNone || nonce != v.probe.nonce {
		return false
	}
	v.sample, v.sampledAt = max(now.Sub(v.probe.sentAt), 1), now
	if v.rtt == 0 {
		v.rtt = v.sample
	} else {
		v.rtt = max((7*v.rtt+v.sample)/8, 1)
	}
	v.probe = probe{}
	if !v.ackWait.IsZero() {
		v.ackWait = now // the link lives; a peer that answers and acknowledges nothing is asked now and then
	}
	return true
}

// acks notes whether sent frames wait for an acknowledgement and whether one has just come.
func (v *liveness) acks(now time.Time, waiting, progress bool) {
	if progress && !v.ackWait.IsZero() {
		v.lull = min(max(now.Sub(v.ackWait), v.lull/2), maxLull)
		if v.probe.phase == probePending {
			v.probe.deadline = now.Add(v.patience())
		}
	}
	switch {
	case !waiting:
		v.ackWait = time.Time{}
	case progress || v.ackWait.IsZero():
		v.ackWait = now
	}
}

func (v *liveness) ackAge() time.Duration { return max(minAckAge, 4*v.rtt, 2*v.lull) }

// deadline is when tick must come next.
func (v *liveness) deadline() time.Time {
	if v.probe.phase == probePending {
		return v.probe.look
	}
	next := v.nextBeat()
	if last := v.lastChance(); last.Before(next) {
		next = last
	}
	if !v.ackWait.IsZero() {
		if t := v.ackWait.Add(v.ackAge()); t.Before(next) {
			next = t
		}
	}
	return next
}

// lastChance is when a link that stays silent has to be probed for the window to be kept to.
// A window that is short beside a probe's patience is not all taken by it.
func (v *liveness) lastChance() time.Time {
	return v.lastInbound.Add(v.window - min(v.patience(), v.window/2))
}

// nextBeat is when the next heartbeat is due, at the latest a full interval after the last sign of
// life, or after the last ping that went unanswered. One ping serves both sides, so they take turns:
// whose turn it is comes before the other.
func (v *liveness) nextBeat() time.Time {
	from := v.lastInbound
	if v.probe.phase == probeBeat && v.probe.sentAt.After(from) {
		from = v.probe.sentAt
	}
	wait := v.heartbeat
	if v.turn {
		wait -= v.heartbeat / beatAhead
	}
	return floor(from.Add(wait), v.heartbeat/beatGrain)
}

// floor is the last multiple of grain by the wall clock up to t.
func floor(t time.Time, grain time.Duration) time.Time {
	return t.Add(-time.Duration(t.UnixNano()) % max(grain, 1))
}

// tick judges the link at now. gap says that this process did not run for a while, so that
// nothing can be concluded from silence. ping is set when a ping is to be sent.
func (v *liveness) tick(now time.Time, gap Trigger, nonce uint64) (verdict verdictOnLink, ping bool) {
	if gap != TriggerNone {
		v.probe.phase = probeNone
		return linkFine, v.ask(now, gap, nonce)
	}
	switch {
	case v.probe.phase == probePending:
		return v.judge(now, nonce)
	case !now.Before(v.lastChance()):
		return linkFine, v.ask(now, TriggerTimeout, nonce)
	case !v.ackWait.IsZero() && !now.Before(v.ackWait.Add(v.ackAge())):
		return linkFine, v.ask(now, TriggerTimeout, nonce)
	case !now.Before(v.nextBeat()):
		v.beat(now, nonce)
		return linkFine, true
	}
	return linkFine, false
}

// judge looks at a pending probe.
func (v *liveness) judge(now time.Time, nonce uint64) (verdict verdictOnLink, ping bool) {
	asked, began := v.probe.asked, v.probe.began
	switch {
	case now.Before(v.probe.look):
	case now.Sub(v.probe.look) > probeSlack && asked < maxAsked:
		v.probe.phase = probeNone
		ping = v.ask(now, v.probe.trigger, nonce)
		v.probe.asked, v.probe.began = asked+1, began
	case !now.Before(v.probe.deadline):
		if !v.ackWait.IsZero() { // or this is a path on which one packet takes longer: the next link gets more time
			v.lull = min(max(now.Sub(v.ackWait), 2*v.lull), maxLull)
		}
		return linkDead, false
	default:
		v.lookAgain(now)
	}
	return linkFine, ping
}
