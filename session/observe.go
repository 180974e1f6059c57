package session

import (
	"fmt"
	"time"
)

// EventKind says what an Event tells of.
type EventKind uint8

const (
	EventDial       EventKind = iota // an attempt to connect began (dialing side)
	EventDialFailed                  // it ended without a link, and nobody had given it up
	EventLinked                      // there is a link: the first, or one that resumes the session
	EventLinkLost                    // the link is gone
	EventMeasured                    // a ping was answered
	EventEnded                       // the session has ended
)

var eventNames = [...]string{"dial", "dial failed", "linked", "link lost", "measured", "ended"}

func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event(%d)", uint8(k))
}

// Event is something that happened in a session, for those who count. What it has beside Kind
// and At depends on Kind.
type Event struct {
	Kind EventKind
	At   time.Time
	// Resumed: a link was lost before, and EventLinked ends that outage.
	Resumed bool
	// Trigger is what took the link, with EventLinkLost and the event that ends the outage: an
	// EventLinked that resumes, or an EventEnded. TriggerNone: there was no outage.
	Trigger Trigger
	// Detection is how long the link may have been dead before it was given up, with
	// EventLinkLost: since the peer was last heard, where silence was the reason; since it came
	// under suspicion, where something happened to the machine; else since the oldest ping or
	// frame went unanswered, which is 0 if none did.
	Detection time.Duration
	// Outage is how long there was no link, with the event that ends an outage.
	Outage time.Duration
	// Attempt is how long the attempt took that failed or brought the link, on the dialing side.
	Attempt time.Duration
	// RTT is the round trip, with EventMeasured.
	RTT time.Duration
	// Err is why, with EventDialFailed, EventLinkLost (nil where nothing failed) and EventEnded.
	Err error
}

// tell notes an event for the observer, if there is one.
func (c *core) tell(e Event) {
	if c.cfg.Observe != nil {
		c.events = append(c.events, e)
	}
}

// takeEvents hands over what is to be told. mu is held.
func (s *Session) takeEvents() []Event {
	events := s.core.events
	if events != nil {
		s.core.events = nil
	}
	return events
}

// detection is what Event.Detection says of a link that is about to be given up.
func (c *core) detection(now time.Time, trigger Trigger) time.Duration {
	since := now
	switch trigger {
	case TriggerTimeout:
		since = c.live.lastInbound
	case TriggerWake, TriggerPause, TriggerNetwork, TriggerManual:
		if c.live.probe.phase == probePending {
			since = c.live.probe.began
		}
	default:
		if c.hold.on() {
			since = c.hold.since
		} else if c.live.probe.phase != probeNone {
			since = c.live.probe.began
		}
		if wait := c.live.ackWait; !wait.IsZero() && wait.Before(since) {
			since = wait
		}
	}
	return max(0, now.Sub(since))
}

// tellLinked tells of a new link, and of the outage that it ends.
func (c *core) tellLinked(now time.Time, resumed bool) {
	e := Event{Kind: EventLinked, At: now}
	if resumed {
		e.Resumed, e.Trigger, e.Outage = true, c.lostBy, now.Sub(c.lostAt)
	}
	c.tell(e)
}

// ended is the event of the session's end, before its link is forgotten. That of a session which
// was refused at once is not worth telling.
func (c *core) ended(now time.Time, err error) {
	if c.role == accepting && !c.everLinked {
		return
	}
	e := Event{Kind: EventEnded, At: now, Err: err}
	if c.everLinked && c.link != linkUp {
		e.Trigger, e.Outage = c.lostBy, now.Sub(c.lostAt)
	}
	c.tell(e)
}

// measure has the link's round trip measured.
func (c *core) measure(now time.Time) (underWay bool) {
	if c.phase == phaseEnded || c.link != linkUp || c.hold.on() {
		return false
	}
	if c.live.probe.phase == probeNone {
		c.live.beat(now, c.random())
		c.out.ping = true
	}
	return true
}

// Ping asks the peer for a sign of life, unless that is under way already, and returns at once.
// It reports whether an answer can be expected; its round trip is then told to Config.Observe
// and by Stats, or the link is lost. No answer proves nothing by itself.
func (s *Session) Ping() bool {
	now := time.Now()
	s.mu.Lock()
	underWay := s.core.measure(now)
	s.unlock(now)
	return underWay
}
