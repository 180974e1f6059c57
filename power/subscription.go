package power

import (
	"slices"
	"time"
)

// queueLen is how many events wait for a subscriber before they are merged. It is above the
// number of events that merge leaves.
const queueLen = 16

// Subscription is a stream of events. It never makes anybody wait: whoever does not read finds
// fewer events that tell of the same.
type Subscription struct {
	// C gives the events, and is closed by Close and when the monitor is closed.
	C <-chan Event

	m     *Monitor
	c     chan Event // written and closed under m.mu
	kinds []Kind     // none: all
}

// Subscribe asks for events of these kinds, or of all if none is named. Events from before are
// not given again.
//
// Up to 16 events wait in C. When more come, those that wait are merged: network events into one
// NetworkChange, Resumes into one Resume with the time slept altogether, and so on; a Resume is
// never merged into anything but a Resume.
func (m *Monitor) Subscribe(kinds ...Kind) *Subscription {
	c := make(chan Event, queueLen)
	s := &Subscription{C: c, m: m, c: c, kinds: slices.Clone(kinds)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		close(c)
		return s
	}
	m.subs[s] = struct{}{}
	return s
}

// Close ends the subscription. What waits in C can still be read.
func (s *Subscription) Close() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if _, open := s.m.subs[s]; open {
		delete(s.m.subs, s)
		close(s.c)
	}
}

// push files an event; the monitor's lock is held, so nobody else writes.
func (s *Subscription) push(e Event) {
	if len(s.kinds) > 0 && !slices.Contains(s.kinds, e.Kind) {
		return
	}
	select {
	case s.c <- e:
		return
	default:
	}
	var waiting []Event
	for {
		select {
		case old := <-s.c:
			waiting = append(waiting, old)
			continue
		default:
		}
		break
	}
	for _, e := range merge(append(waiting, e)) {
		s.c <- e
	}
}

// merge leaves one event of each sort, at the place of the last of its sort.
func merge(events []Event) []Event {
	var merged []Event
	for _, e := range events {
		i := slices.IndexFunc(merged, func(m Event) bool { return sort(m.Kind) == sort(e.Kind) })
		if i >= 0 {
			e = combine(merged[i], e)
			merged = slices.Delete(merged, i, i+1)
		}
		merged = append(merged, e)
	}
	return merged
}

// sort groups the kinds of which the last one says all.
func sort(k Kind) Kind {
	switch {
	case k.Network():
		return NetworkChange
	case k == SuspendCanceled:
		return Suspend
	default:
		return k
	}
}

// combine makes one event of two of the same sort.
func combine(a, b Event) Event {
	b.Slept = sum(a.Slept, b.Slept)
	if b.Net == nil || a.Net == nil {
		return b
	}
	kind, change := diff(a.Net.Old, b.Net.New)
	if kind == 0 { // there and back again: still, what was open may be dead
		kind, change = NetworkChange, &NetChange{Old: a.Net.Old, New: b.Net.New}
	}
	change.Major = change.Major || a.Net.Major || b.Net.Major
	change.DefaultRouteChanged = change.DefaultRouteChanged || a.Net.DefaultRouteChanged || b.Net.DefaultRouteChanged
	b.Kind, b.Net = kind, change
	return b
}

// sum adds what is not below zero, without an overflow.
func sum(a, b time.Duration) time.Duration {
	if s := a + b; s >= a {
		return s
	}
	return 1<<63 - 1
}
