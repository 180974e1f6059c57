package session

import (
	"slices"
	"sync/atomic"
	"time"
)

// patience is for how long a session without a link is kept when another could have its place.
const patience = 2 * time.Minute

// makeRoom ends what gives way to the session that q asks for, and reports whether there was
// any.
func (a *Acceptor) makeRoom(now time.Time, q *attachRequest) bool {
	if a.buryEnded() || a.endOlder(nil, q) {
		return true
	}
	list := a.detached()
	return len(list) > 0 && now.Sub(list[0].since) > patience && list[0].evict(now)
}

// buryEnded forgets sessions that have ended just now: their peers may know that before those
// who ended them have got around to it.
func (a *Acceptor) buryEnded() (some bool) {
	for _, s := range a.Sessions() {
		if s.State() == Closed {
			a.forget(s)
			some = true
		}
	}
	return some
}

// endOlder ends the sessions that earlier incarnations of the same owner have left behind, and
// reports whether there were any.
func (a *Acceptor) endOlder(newer *Session, q *attachRequest) (some bool) {
	for _, s := range a.ownedBy(q.owner) {
		if s == newer {
			continue
		}
		now := time.Now()
		s.mu.Lock()
		if s.core.peer >= q.dialer {
			s.mu.Unlock()
			continue
		}
		s.core.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)
		s.core.lose(now, ReasonSuperseded, nil)
		s.unlock(now)
		some = true
	}
	return some
}

// detached is a session without a link, as it was when somebody looked.
type detached struct {
	session *Session
	since   time.Time
	bytes   int
}

// detached returns the sessions without a link, longest detached first.
func (a *Acceptor) detached() []detached {
	var list []detached
	for _, s := range a.Sessions() {
		if st := s.Stats(); st.State == Detached {
			list = append(list, detached{s, st.Since, st.UnackedBytes + st.InboxBytes})
		}
	}
	slices.SortFunc(list, func(x, y detached) int { return x.since.Compare(y.since) })
	return list
}

// evict ends the session if it is still detached.
func (d *detached) evict(now time.Time) (done bool) {
	s := d.session
	s.mu.Lock()
	if done = s.core.published == Detached; done {
		s.core.abort(now, ReasonEvicted, nil)
	}
	s.unlock(now)
	return done
}

// room is what is known of detached sessions without asking each of them: thousands may lose their
// links at once.
type room struct {
	detached atomic.Int64 // sessions
	bytes    atomic.Int64 // that they held when they lost their links
	asked    atomic.Int32 // calls of trim that are under way
	trimmed  atomic.Int64 // when all were last asked, in nanoseconds
}

// note counts a change of a session, whose mutex is held.
func (r *room) note(s *Session, ch *Change) {
	if ch.From == Detached {
		r.detached.Add(-1)
		r.bytes.Add(-s.parked)
	}
	if ch.To == Detached {
		s.parked = int64(s.core.log.held + s.core.inboxBytes())
		r.detached.Add(1)
		r.bytes.Add(s.parked)
	}
}

// trimEvery is how often detached sessions are asked what they hold by now while they seem to be
// within bounds.
const trimEvery = time.Second

// trim sees to it that detached sessions are within bounds. One call at a time does, for all who
// ask meanwhile.
func (a *Acceptor) trim(now time.Time) {
	r := &a.room
	if r.detached.Load() <= int64(a.cfg.MaxDetached) && r.bytes.Load() <= int64(a.cfg.DetachedBytes) && now.UnixNano()-r.trimmed.Load() < int64(trimEvery) {
		return
	}
	asked := r.asked.Add(1)
	if asked > 1 {
		return // whoever is at it will look again
	}
	for asked > 0 {
		r.trimmed.Store(now.UnixNano())
		a.evictMost()
		asked = r.asked.Add(-asked)
	}
}

// evictMost ends detached sessions, longest detached first, until those left are within bounds.
func (a *Acceptor) evictMost() {
	list := a.detached()
	total := 0
	for i := range list {
		total += list[i].bytes
	}
	for len(list) > a.cfg.MaxDetached || (total > a.cfg.DetachedBytes && len(list) > 0) {
		list[0].evict(time.Now())
		total -= list[0].bytes
		list = list[1:]
	}
}
