package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum/session"
)

var (
	sessionsNow      = newMetric("brum_sessions", Gauge, "Sessions by state.", "peer", "state")
	sessionsBegun    = newMetric("brum_sessions_begun_total", Counter, "Sessions that began.", "peer")
	stateSeconds     = newMetric("brum_session_state_seconds_total", Counter, "Time that sessions have spent in each state. A session has a link in the states active, suspect and stalled.", "peer", "state")
	linkStart        = newMetric("brum_session_link_start_time_seconds", Gauge, "When the current link was made, since the epoch; of several sessions the latest.", "peer")
	lastHeard        = newMetric("brum_session_last_heard_time_seconds", Gauge, "When anything last arrived from the peer, since the epoch; of several sessions the earliest.", "peer")
	sessionDials     = newMetric("brum_session_dials_total", Counter, "Attempts to connect.", "peer")
	dialFailures     = newMetric("brum_session_dial_failures_total", Counter, "Attempts to connect that failed. Those that another one overtook are in neither this nor a resume.", "peer")
	sessionResumes   = newMetric("brum_session_resumes_total", Counter, "Outages that have ended: what took the link, and whether the session was resumed, lost, or closed by this side meanwhile.", "peer", "trigger", "outcome")
	sentMessages     = newMetric("brum_session_sent_messages_total", Counter, "Messages numbered for sending; a message above 32 KiB counts for each of its fragments.", "peer")
	receivedMessages = newMetric("brum_session_received_messages_total", Counter, "Messages received, without duplicates; fragments count.", "peer")
	replayedMessages = newMetric("brum_session_replayed_messages_total", Counter, "Messages sent again after a resume; fragments count.", "peer")
	duplicates       = newMetric("brum_session_duplicate_messages_total", Counter, "Messages that came again after a resume and were suppressed; fragments count.", "peer")
	bufferBytes      = newMetric("brum_session_buffer_bytes", Gauge, "Memory for what was sent and not acknowledged (replay) and what was received and not consumed (inbox).", "peer", "buffer")
	unackedMessages  = newMetric("brum_session_unacknowledged_messages", Gauge, "Messages sent or queued that the peer has not acknowledged; fragments count.", "peer")
	rttSeconds       = newMetric("brum_session_rtt_seconds", Gauge, "Latest round trip of the link; of several sessions the longest. It is measured for each scrape where that is possible.", "peer")
	breakerNow       = newMetric("brum_session_breaker", Gauge, "Dialing sessions without a link by the state of their breaker.", "peer", "state")
)

func sessionMetrics() []Metric {
	return []Metric{
		sessionsNow.Metric, sessionsBegun.Metric, stateSeconds.Metric, linkStart.Metric, lastHeard.Metric,
		sessionDials.Metric, dialFailures.Metric, sessionResumes.Metric, sentMessages.Metric,
		receivedMessages.Metric, replayedMessages.Metric, duplicates.Metric, bufferBytes.Metric,
		unackedMessages.Metric, rttSeconds.Metric, breakerNow.Metric,
	}
}

// present is how the sessions of a peer are now.
type present struct {
	totals
	states                [session.Closed]int // the closed ones are past
	breakers              [session.BreakerHalfOpen + 1]int
	linkSince, heard      time.Time
	rtt                   time.Duration
	replay, inbox, queued int
}

func (n *present) add(st session.Stats) {
	n.totals.add(st)
	if st.State < session.Closed {
		n.states[st.State]++
	}
	if !st.NextAttemptAt.IsZero() || st.Breaker != session.BreakerClosed {
		n.breakers[st.Breaker]++
	}
	if st.ConnectedSince.After(n.linkSince) {
		n.linkSince = st.ConnectedSince
	}
	if !st.LastHeard.IsZero() && (n.heard.IsZero() || st.LastHeard.Before(n.heard)) {
		n.heard = st.LastHeard
	}
	if !st.ConnectedSince.IsZero() {
		n.rtt = max(n.rtt, st.LatestRTT)
	}
	n.replay += st.UnackedBytes
	n.inbox += st.InboxBytes
	n.queued += st.UnackedMessages
}

// append appends what there is to tell of p.
func (p *peer) append(values []prometheus.Metric, n *present) []prometheus.Metric {
	tell := func(m metric, v float64, labels ...string) {
		values = append(values, m.value(v, append([]string{p.name}, labels...)...))
	}
	for s, count := range n.states {
		tell(sessionsNow, float64(count), session.State(s).String())
		tell(stateSeconds, n.inState[s].Seconds(), session.State(s).String())
	}
	for b, count := range n.breakers {
		tell(breakerNow, float64(count), word(session.Breaker(b).String()))
	}
	for r, count := range p.resumes {
		tell(sessionResumes, float64(count), r.trigger.String(), string(r.outcome))
	}
	tell(sessionsBegun, float64(p.begun))
	tell(sessionDials, float64(p.dials))
	tell(dialFailures, float64(p.failures))
	tell(sentMessages, float64(n.sent))
	tell(receivedMessages, float64(n.received))
	tell(replayedMessages, float64(n.replayed))
	tell(duplicates, float64(n.duplicates))
	tell(bufferBytes, float64(n.replay), "replay")
	tell(bufferBytes, float64(n.inbox), "inbox")
	tell(unackedMessages, float64(n.queued))
	if !n.linkSince.IsZero() {
		tell(linkStart, seconds(n.linkSince))
	}
	if !n.heard.IsZero() {
		tell(lastHeard, seconds(n.heard))
	}
	if n.rtt > 0 {
		tell(rttSeconds, n.rtt.Seconds())
	}
	return values
}

// seconds is t since the epoch.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
