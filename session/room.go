package session

import (
	"slices"
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
	if q.owner == (ID{}) {
		return false
	}
	for _, s := range a.Sessions() {
		if s == newer {
			continue
		}
		now := time.Now()
		s.mu.Lock()
		if s.core.owner == q.owner && s.core.peer < q.dialer {
			s.core.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)
			s.core.lose(now, ReasonSuperseded, nil)
			some = true
		}
		s.unlock(now)
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

// trim ends detached sessions, longest detached first, until those left are within bounds.
func (a *Acceptor) trim() {
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
