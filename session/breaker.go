package session

import "fmt"

// Breaker says how far a dialing side without a link has given up hope. No state of it is
// final: each goes over into the next by itself, and a Nudge closes it.
type Breaker uint8

const (
	BreakerClosed   Breaker = iota // attempts follow the schedule
	BreakerOpen                    // none is made for up to 30 s
	BreakerHalfOpen                // the one that decides is under way
)

var breakerNames = [...]string{"closed", "open", "half-open"}

func (b Breaker) String() string {
	if int(b) < len(breakerNames) {
		return breakerNames[b]
	}
	return fmt.Sprintf("breaker(%d)", uint8(b))
}

// breaker derives its state. mu is held.
func (s *Session) breaker() Breaker {
	switch {
	case s.core.link != linkNone || !s.core.redial.tripped():
		return BreakerClosed
	case len(s.attempts) > 0:
		return BreakerHalfOpen
	default:
		return BreakerOpen
	}
}
