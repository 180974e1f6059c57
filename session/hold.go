package session

import "time"

// How long a session is held at most, should nobody say that it is over.
const (
	holdAsleep  = 30 * time.Second // awake: who is about to sleep does so sooner
	holdOffline = 5 * time.Minute
	// holdBlind: what arrives so soon after the system went offline was on its way before.
	holdBlind = time.Second
)

// hold is a time in which nothing can be concluded from silence and dialing is in vain.
type hold struct {
	why   Trigger // TriggerWake: the system is about to sleep; TriggerNetwork: it is offline
	since time.Time
	until time.Time
}

func (h *hold) on() bool { return h.why != TriggerNone }

// holdOn stops judging the link and dialing until there is reason to go on. A probe that is
// under way proves nothing any more.
func (c *core) holdOn(now time.Time, why Trigger) {
	if c.phase == phaseEnded {
		return
	}
	limit := holdOffline
	if why == TriggerWake {
		limit = holdAsleep
	}
	c.hold = hold{why, now, now.Add(limit)}
	c.live.probe.phase = probeNone
	c.out.ping = false
	c.publish(now, why, nil)
}

// checkHold ends a hold whose time is over, or during which this process did not run.
func (c *core) checkHold(now time.Time, gap Trigger) {
	if c.hold.on() && (gap != TriggerNone || !now.Before(c.hold.until)) {
		c.nudge(now, c.hold.why)
	}
}

// reached notes that something has arrived: the system is not offline towards this peer.
func (c *core) reached(now time.Time) {
	if c.hold.why == TriggerNetwork && now.Sub(c.hold.since) > holdBlind {
		c.hold = hold{}
	}
}

// Hold says that the peer can't be reached for now, and why: TriggerWake before the system
// sleeps, TriggerNetwork while it is offline. Until the next Nudge the session does not dial
// and does not judge its link, which shows as Suspect. Should no Nudge come, it goes on by
// itself: at once when something arrives while it was thought to be offline, else after 30 s
// awake (TriggerWake) or 5 min.
func (s *Session) Hold(why Trigger) {
	if why != TriggerWake {
		why = TriggerNetwork
	}
	now := time.Now()
	s.mu.Lock()
	s.core.holdOn(now, why)
	s.unlock(now)
}

// renewal is a connection that is made while there is a link that may still be good.
type renewal struct {
	phase renewalPhase
	why   Trigger
}

type renewalPhase uint8

const (
	renewalNone renewalPhase = iota
	renewalDue
	renewalUnderWay
)

// trigger is what takes the current link when a new one is adopted beside it: the renewal, or
// else an attempt that was under way before there was a link.
func (r *renewal) trigger() Trigger {
	if r.phase == renewalNone {
		return TriggerPeer
	}
	return r.why
}

// renew asks for a new link beside the current one.
func (c *core) renew(now time.Time, trigger Trigger) {
	c.nudge(now, trigger)
	if c.phase != phaseEnded && c.role == dialing && c.link == linkUp && c.renewal.phase == renewalNone {
		c.renewal = renewal{renewalDue, trigger}
	}
}

// Renew is Nudge for a session whose path has changed, as when the machine left one network
// for another: beside probing the link, the dialing side makes a new connection at once and
// moves to it. When that fails the link stays, if the probe finds it good.
func (s *Session) Renew(reason Trigger) {
	now := time.Now()
	s.mu.Lock()
	s.core.renew(now, reason)
	s.unlock(now)
}

// Conn returns the current link's connection as DialFunc or Attachment.Bind gave it, nil without
// a link: to ask it for what Conn does not have, such as its addresses. It stays the session's.
func (s *Session) Conn() Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return nil
	}
	return s.link.conn
}
