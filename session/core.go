package session

import (
	"time"

	"github.com/cespare/xxhash/v2"
)

// core is a session without its I/O: a value that is told what happened and when, and says
// what to write and when to look again. It is not safe for concurrent use, starts nothing
// and reads no clock. The driver (Session) owns it.
type core struct {
	cfg    Config
	role   role
	id     ID
	owner  ID // of the dialing side, as it said
	self   incarnation
	peer   incarnation // 0 until known
	secret []byte      // what resumes prove; nil until the session was made
	random func() uint64

	phase      phase
	link       linkPhase
	linkID     uint64 // the attempt that the link came from; inputs of any other are ignored
	attempt    uint64 // the highest attempt number made or seen
	everLinked bool
	lostAt     time.Time     // when the last link went
	lostBy     Trigger       // and what took it
	silence    time.Duration // of the last link when it went
	dials      int           // attempts since

	log     sendLog
	streams streams
	peerMax int // the largest message that the peer takes
	rx      receiver
	live    liveness
	redial  redial
	hold    hold
	renewal renewal
	out     outbox
	end     ending

	replaying uint64    // frames that the current link had to send again
	armed     time.Time // when tick was asked to come
	spoke     bool      // messages have left since anything arrived
	moving    bool      // something was acknowledged on the current link

	published State
	changes   []Change
	events    []Event // for Config.Observe
	counts    counters
}

type role uint8

const (
	dialing role = iota
	accepting
)

// phase is how far the life of a session has come. It only ever grows.
type phase uint8

const (
	phaseOpen     phase = iota
	phaseDraining       // Close was called: no more sends; END follows what is unsent
	phaseEnded
)

type linkPhase uint8

const (
	linkNone      linkPhase = iota
	linkAttaching           // accepting side: the reply is on its way, the connection not yet bound
	linkUp
)

// receiver is the receive side of the session: cursor, digest and the acknowledgements due.
type receiver struct {
	next   uint64
	digest xxhash.Digest
	// frozen: END was sent with the cursor in it; nothing more is accepted.
	frozen bool

	acked       uint64    // the last next that was told
	ackDue      time.Time // when it must be told; zero when nothing is due
	sinceAck    int       // bytes received since
	sinceDigest int
}

// outbox holds the control frames that are due on the current link.
type outbox struct {
	ping     bool
	pongs    [4]uint64
	pongN    int
	ackNow   bool
	endSent  bool
	farewell []byte // the last packet of an ended session's link
}

type counters struct {
	resumes    uint64
	replayed   uint64
	duplicates uint64
}

// Acknowledgement policy (protocol.md §5.2).
const (
	ackDelay       = 25 * time.Millisecond
	ackQuota       = 128 << 10
	digestInterval = 1 << 20
)

// endPatience is how long an answer to END is waited for without a link.
const endPatience = 30 * time.Second

func newCore(cfg Config, role role, id ID, self incarnation, random func() uint64) *core {
	c := &core{cfg: cfg, role: role, id: id, self: self, random: random}
	c.log.init(cfg.Budget, cfg.replay())
	c.rx.digest.Reset()
	c.streams.init(role, cfg.Credit, bounds{cfg.MaxCredit, cfg.MaxCredit + cfg.LongPath})
	c.live.role, c.live.heartbeat, c.live.window = role, cfg.Heartbeat, cfg.Window
	c.redial.random = func() float64 { return float64(random()>>11) / (1 << 53) }
	c.peerMax = cfg.MaxMessage
	return c
}

// start begins the life of the session.
func (c *core) start(now time.Time) {
	c.lostAt = now
	if c.role == dialing {
		c.redial.reset(now)
	}
}

// state derives the state from the facts.
func (c *core) state(now time.Time) State {
	switch {
	case c.phase == phaseEnded:
		return Closed
	case c.phase == phaseDraining:
		return Closing
	case c.link == linkUp:
		switch {
		case c.live.probe.phase == probePending || c.hold.on():
			return Suspect
		case c.stalled(now):
			return Stalled
		default:
			return Active
		}
	case !c.everLinked:
		return Connecting
	case c.role == dialing:
		return Retrying
	default:
		return Detached
	}
}

// stalled: the peer has messages that its application has not taken for several heartbeats.
func (c *core) stalled(now time.Time) bool {
	t := c.stallAt()
	return !t.IsZero() && !now.Before(t)
}

// stallAt is when the peer will count as stalled if nothing moves until then.
func (c *core) stallAt() time.Time {
	ss := &c.streams
	if ss.sent <= ss.peerConsumed || ss.progressAt.IsZero() {
		return time.Time{}
	}
	return ss.progressAt.Add(stallPatience * c.cfg.Heartbeat)
}

// publish notes a change of state for the watchers, if there is one.
func (c *core) publish(now time.Time, trigger Trigger, err error) *Change {
	to := c.state(now)
	if to == c.published {
		return nil
	}
	c.changes = append(c.changes, Change{
		From: c.published, To: to, Trigger: trigger, At: now, Attempt: c.linkID, Err: err,
		Duplicates: c.counts.duplicates,
	})
	c.published = to
	return &c.changes[len(c.changes)-1]
}

// deadline is when tick has to come; zero for never.
func (c *core) deadline() time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if c.phase == phaseEnded {
		return next
	}
	sooner(c.hold.until)
	if c.link == linkUp {
		if !c.hold.on() {
			sooner(c.live.deadline())
		}
		sooner(c.rx.ackDue)
		if c.published == Active { // no other state becomes Stalled by time alone
			sooner(c.stallAt())
		}
		return next
	}
	if c.role == dialing && !c.hold.on() {
		sooner(c.redial.next)
	}
	if c.everLinked {
		sooner(c.lostAt.Add(c.keptFor()))
	}
	return next
}

// soon is how near a fire has to be for it to be let come, in vain or not.
const soon = 4 * ackDelay

// rearms reports whether a timer that is to fire at armed has to be set anew, for next: if that is
// sooner, or so much later that the timer would fire in vain. A timer that was set before the
// process slept or paused is left alone: it is what tells of it.
func (c *core) rearms(now, next time.Time) bool {
	switch {
	case next.IsZero():
		return false
	case c.armed.IsZero() || next.Before(c.armed):
		return true
	default:
		return next.Sub(c.armed) > c.cfg.Heartbeat/2 && c.armed.Sub(now) > soon && c.gap(now) == TriggerNone
	}
}

// keptFor is how long the session stays without a link. The accepting side can't come back
// by itself; when it has closed and all it sent was received, a dialing side that does not
// return soon has heard END, and only its answer was lost.
func (c *core) keptFor() time.Duration {
	if c.role == accepting && c.phase == phaseDraining && c.log.unacked() == 0 {
		return min(c.cfg.DetachedFor, endPatience)
	}
	return c.cfg.DetachedFor
}

// gap is what a tick that comes late, or by another clock than expected, says about the time
// since it was armed. Its silence proves nothing then.
func (c *core) gap(now time.Time) Trigger {
	if c.armed.IsZero() {
		return TriggerNone
	}
	return gapOf(now.Sub(c.armed), now.Round(0).Sub(c.armed.Round(0)))
}

// gapOf judges by the monotonic clock, which stops while Linux and macOS sleep, and the wall
// clock, which goes on. A wall clock that is set forward looks like a sleep: the price is a probe.
func gapOf(ran, wall time.Duration) Trigger {
	switch {
	case wall-ran > pauseSlack:
		return TriggerWake
	case ran > pauseSlack:
		return TriggerPause
	default:
		return TriggerNone
	}
}

// tick lets time pass. It returns lost when the current link has to be given up.
func (c *core) tick(now time.Time) (lost bool, trigger Trigger) {
	if c.phase == phaseEnded {
		return false, TriggerNone
	}
	gap := c.gap(now)
	c.checkHold(now, gap)
	if c.link != linkUp {
		switch {
		case !c.everLinked || now.Before(c.lostAt.Add(c.keptFor())):
		case c.phase == phaseDraining && c.log.unacked() == 0:
			c.conclude(now)
		default:
			c.lose(now, ReasonExpired, nil)
		}
		return false, TriggerNone
	}
	if !c.rx.ackDue.IsZero() && !now.Before(c.rx.ackDue) {
		c.out.ackNow, c.rx.ackDue = true, time.Time{} // due now, whenever the writer comes to it
	}
	if c.hold.on() {
		return false, TriggerNone
	}
	verdict, ping := c.live.tick(now, gap, c.random())
	if verdict == linkDead {
		return true, c.live.probe.trigger
	}
	if ping {
		c.out.ping = true
	}
	c.publish(now, c.live.probe.trigger, nil)
	return false, TriggerNone
}

// dialDue reports whether the dialing side is to make an attempt now.
func (c *core) dialDue(now time.Time) bool {
	switch {
	case c.role != dialing || c.phase == phaseEnded || c.hold.on():
		return false
	case c.link == linkUp:
		return c.renewal.phase == renewalDue
	default:
		return c.link == linkNone && !c.redial.next.IsZero() && !now.Before(c.redial.next)
	}
}

// nudge says that now is a good time to look: the link is probed, or dialled at once.
func (c *core) nudge(now time.Time, trigger Trigger) {
	c.hold = hold{}
	switch {
	case c.phase == phaseEnded:
	case c.link == linkUp:
		if c.live.ask(now, trigger, c.random()) {
			c.out.ping = true
		}
		c.publish(now, trigger, nil)
	case c.role == dialing:
		c.redial.reset(now)
	}
}

// linkLost takes the link away: it failed, was given up, or was replaced.
func (c *core) linkLost(now time.Time, linkID uint64, trigger Trigger, err error) {
	wasUp, detection := c.link == linkUp, c.detection(now, trigger)
	if c.link == linkNone || linkID != c.linkID || c.phase == phaseEnded {
		return
	}
	renewed, by := c.renewal, c.blame(trigger)
	c.link, c.renewal = linkNone, renewal{}
	c.live.probe = probe{}
	c.rx.ackDue = time.Time{}
	c.out = outbox{}
	switch trigger {
	case TriggerTimeout, TriggerWake, TriggerPause, TriggerNetwork, TriggerManual:
		// Our own judgement; the peer may hear us although we do not hear it.
		c.out.farewell = appendControl(nil, frameDetach, uint64(trigger))
	}
	if c.role == dialing {
		c.redial.outage(now)
	}
	if renewed.phase == renewalUnderWay {
		// Most likely the peer has cut this link off for the new one, of which we are yet to
		// hear: that is the first attempt of the outage.
		c.redial.attempted(now)
		if by == TriggerError || by == TriggerPeer {
			by = renewed.why
		}
	}
	if wasUp {
		c.tell(Event{Kind: EventLinkLost, At: now, Trigger: by, Detection: detection, Err: err})
	}
	c.lostAt, c.lostBy = now, by
	c.silence, c.dials = 0, 0
	if wasUp {
		c.silence = now.Sub(c.live.lastInbound)
	}
	if renewed.phase == renewalUnderWay {
		c.dials = 1
	}
	if ch := c.publish(now, by, err); ch != nil {
		ch.Silence = c.silence
	}
}

// blame is what takes a link: where that was in doubt because of what happened to the machine, it
// is this, and an error is only how it showed.
func (c *core) blame(trigger Trigger) Trigger {
	if trigger != TriggerError {
		return trigger
	}
	switch why := c.suspicion(); why {
	case TriggerWake, TriggerPause, TriggerNetwork:
		return why
	}
	return trigger
}
