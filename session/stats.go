package session

import "time"

// Stats is a snapshot of a session.
type Stats struct {
	ID    ID
	State State
	Since time.Time // when State began
	Began time.Time // when the session began on this side
	// InState is how long the session has been in each State altogether, by the monotonic
	// clock: where that stands still in sleep, sleep does not count.
	InState [stateCount]time.Duration

	// Attempt numbers the current or last link; it grows with every attempt to connect.
	Attempt        uint64
	ConnectedSince time.Time // zero without a link
	NextAttemptAt  time.Time // zero unless the dialing side waits to dial
	Breaker        Breaker   // of the dialing side
	Held           Trigger   // why nothing is dialled or judged, see Hold; TriggerNone if it is
	Resumes        uint64
	LastResume     *Change // nil before the first
	LastError      error   // what last ended a link or failed an attempt; nil if nothing ever did

	LastHeard       time.Time     // when anything last arrived from the peer; zero before the first link
	RTT             time.Duration // smoothed; 0 until measured
	LatestRTT       time.Duration // the latest measure; 0 until there is one of this link
	UnackedMessages int           // frames sent or queued that the peer has not acknowledged
	UnackedBytes    int           // memory they hold
	InboxBytes      int           // received and not yet consumed
	Streams         int           // open, beside the main one
	SentMessages    uint64        // frames numbered so far
	ReceivedNext    uint64        // frames received so far
	Replayed        uint64        // frames sent again after a resume
	Duplicates      uint64        // frames received again and dropped
}

// State returns how the session is doing.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.published
}

// Stats returns a snapshot.
func (s *Session) Stats() Stats {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.core
	s.record.count(c.published, now)
	st := Stats{
		ID:              s.id,
		State:           c.published,
		Since:           s.record.since,
		Began:           s.record.began,
		InState:         s.record.inState,
		Attempt:         c.linkID,
		ConnectedSince:  s.record.connectedSince,
		Resumes:         c.counts.resumes,
		Held:            c.hold.why,
		LastError:       s.record.lastErr,
		LastHeard:       c.live.lastInbound,
		RTT:             c.live.rtt,
		LatestRTT:       c.live.sample,
		UnackedMessages: int(c.log.unacked()),
		UnackedBytes:    c.log.held,
		InboxBytes:      c.inboxBytes(),
		Streams:         len(c.streams.open),
		SentMessages:    c.log.next,
		ReceivedNext:    c.rx.next,
		Replayed:        c.counts.replayed,
		Duplicates:      c.counts.duplicates,
	}
	if s.record.lastResume != nil {
		last := *s.record.lastResume
		st.LastResume = &last
	}
	if c.role == dialing && c.link != linkUp && c.phase != phaseEnded {
		st.NextAttemptAt = c.redial.next
		st.Breaker = s.breaker()
	}
	return st
}

// count adds the time until now to a state's. Who takes the lock late may come with a time that
// others have counted: nothing is taken back.
func (r *record) count(s State, now time.Time) {
	if d := now.Sub(r.counted); d > 0 {
		r.inState[s] += d
		r.counted = now
	}
}

func (c *core) inboxBytes() int {
	n := 0
	c.streams.all(func(st *stream) { n += st.in.bytes })
	return n
}
