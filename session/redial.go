package session

import "time"

const (
	eagerPeriod    = 2 * time.Minute // of an outage, in which attempts follow one another closely
	eagerStep      = 1500 * time.Millisecond
	eagerFirst     = 50 * time.Millisecond
	calmFirst      = time.Second
	calmMax        = 30 * time.Second
	stablePeriod   = 10 * time.Second // a link that lasted this long resets the policy
	maxShortLinks  = 32               // in a row before the first attempt of an outage waits
	flapPause      = 200 * time.Millisecond
	maxAttempts    = 4 // under way at once
	breakerTries   = 5 // calm attempts after which the breaker opens
	attemptTimeout = 10 * time.Second
)

// redial decides when the dialing side makes its attempts (protocol.md §8). In the first two
// minutes of an outage they overlap, at most 1.5 s apart: a connection request that was lost
// in the outage must not cost its retransmission time. After that come ceilings of 1, 2, 4 …
// 16 s with full jitter below them, and then the breaker: nothing for 15 to 30 s, one attempt,
// which is over before the next, and so on.
type redial struct {
	random func() float64 // in [0, 1)

	outageStart time.Time
	next        time.Time // when the next attempt is due; zero when none is
	eagerTries  int
	calmTries   int
	linkSince   time.Time
	shortLinks  int // links in a row that did not last
}

// outage begins an outage. The first attempt is due at once; only where link after link has
// failed soon does it wait.
func (r *redial) outage(now time.Time) {
	if r.linkSince.IsZero() || now.Sub(r.linkSince) >= stablePeriod {
		r.shortLinks = 0
	} else {
		r.shortLinks++
	}
	r.reset(now)
	if r.shortLinks > maxShortLinks {
		r.next = now.Add(time.Duration(r.random() * float64(flapPause)))
	}
}

// linked notes that there is a link.
func (r *redial) linked(now time.Time) { r.linkSince, r.next = now, time.Time{} }

// reset forgets all patience: something says that now is a good time.
func (r *redial) reset(now time.Time) {
	r.outageStart, r.eagerTries, r.calmTries, r.next = now, 0, 0, now
}

// attempted notes that an attempt begins, schedules the one after it and returns how long
// this one may take.
func (r *redial) attempted(now time.Time) (timeout time.Duration) {
	if r.eager(now) {
		r.eagerTries++
		r.next = now.Add(eagerStep)
	} else {
		r.calmTries++
		r.next = now.Add(r.pause(now))
	}
	return attemptTimeout
}

// failed notes that an attempt has ended without a link. While eager, the next one need not
// wait for the overlap then, only for a pause.
func (r *redial) failed(now time.Time, retryAfter time.Duration, permanent bool) {
	switch {
	case retryAfter > 0:
		// The peer's word counts, spread so that not everyone comes back at once.
		r.next = now.Add(retryAfter + time.Duration(r.random()*float64(retryAfter)/4))
	case permanent:
		r.next = now.Add(calmMax/2 + time.Duration(r.random()*float64(calmMax)/2))
	case r.eager(now):
		if at := now.Add(r.pause(now)); r.next.IsZero() || at.Before(r.next) {
			r.next = at
		}
	}
}

func (r *redial) eager(now time.Time) bool { return now.Sub(r.outageStart) < eagerPeriod }

// tripped reports whether the breaker has opened: so many attempts have failed that the next
// ones only look whether anything has changed.
func (r *redial) tripped() bool { return r.calmTries >= breakerTries }

// pause draws a wait with full jitter below the ceiling that the tries so far have reached.
func (r *redial) pause(now time.Time) time.Duration {
	if r.tripped() {
		return calmMax/2 + time.Duration(r.random()*float64(calmMax/2))
	}
	ceiling, tries, limit := eagerFirst, r.eagerTries-1, eagerStep
	if !r.eager(now) {
		ceiling, tries, limit = calmFirst, r.calmTries-1, calmMax
	}
	for ; tries > 0 && ceiling < limit; tries-- {
		ceiling *= 2
	}
	return time.Duration(r.random() * float64(min(ceiling, limit)))
}
