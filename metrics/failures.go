package metrics

import (
	"iter"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

var (
	sessionErrors = newMetric("brum_session_errors_total", Counter, "Errors by their kind: of attempts to connect (dial), that took a link (link), and that ended a session (session).", "during", "kind")
	sessionsEnded = newMetric("brum_sessions_ended_total", Counter, "Sessions that have ended, by reason: closed by this side, or why they were lost.", "reason")
)

// failure is an error as far as it is counted.
type failure struct {
	during string
	kind   errors.Kind
}

// What failed.
const (
	duringDial    = "dial"
	duringLink    = "link"
	duringSession = "session"
)

// reasonClosed stands for sessions that this side closed.
const reasonClosed = "closed"

// lastKind and lastReason end the sets.
const (
	lastKind   = errors.Unsupported
	lastReason = session.ReasonEvicted
)

var allFailures iter.Seq[failure] = func(yield func(failure) bool) {
	for _, during := range []string{duringDial, duringLink, duringSession} {
		for k := errors.Unknown; k <= lastKind; k++ {
			if !yield(failure{during, k}) {
				return
			}
		}
	}
}

var allReasons iter.Seq[string] = func(yield func(string) bool) {
	if !yield(reasonClosed) {
		return
	}
	for r := session.ReasonPeerClosed; r <= lastReason; r++ {
		if !yield(word(r.String())) {
			return
		}
	}
}

// reasonOf says why a session has ended.
func reasonOf(err error) string {
	if lost, ok := errors.AsType[*session.LostError](err); ok {
		return word(lost.Reason.String())
	}
	return reasonClosed
}

// countErrors counts what went wrong by kind. m.mu is held.
func (m *Sessions) countErrors(e session.Event) {
	switch e.Kind {
	case session.EventDialFailed:
		m.errors[failure{duringDial, errors.Of(e.Err)}]++
	case session.EventLinkLost:
		if e.Err != nil {
			m.errors[failure{duringLink, errors.Of(e.Err)}]++
		}
	case session.EventEnded:
		reason := reasonOf(e.Err)
		m.ended[reason]++
		if reason != reasonClosed && reason != word(session.ReasonPeerClosed.String()) {
			m.errors[failure{duringSession, errors.Of(e.Err)}]++
		}
	}
}
