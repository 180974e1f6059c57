package httpconn

import (
	"math/rand/v2"
	"time"
)

// The schedule is that of sessions (docs/protocol.md §8), without attempts that overlap.
const (
	eagerPeriod = 2 * time.Minute // of an outage, in which attempts follow one another closely
	eagerFirst  = 50 * time.Millisecond
	eagerMax    = 1500 * time.Millisecond
	calmFirst   = time.Second
	calmMax     = 30 * time.Second
	calmTries   = 5 // after which attempts only look whether anything has changed
)

// pace decides how long to wait before the next attempt of an outage.
type pace struct {
	began       time.Time
	eager, calm int // attempts so far
}

// reset forgets all patience.
func (p *pace) reset(now time.Time) { *p = pace{began: now} }

// tripped reports whether attempts only look whether anything has changed.
func (p *pace) tripped() bool { return p.calm > calmTries }

// failed notes that an attempt has failed and returns how long to wait before the next.
func (p *pace) failed(now time.Time) time.Duration {
	if now.Sub(p.began) < eagerPeriod {
		p.eager++
		return rand.N(ceiling(eagerFirst, p.eager-1, eagerMax))
	}
	p.calm++
	if p.tripped() {
		return calmMax/2 + rand.N(calmMax/2)
	}
	return rand.N(ceiling(calmFirst, p.calm-1, calmMax))
}

func ceiling(first time.Duration, doublings int, limit time.Duration) time.Duration {
	for ; doublings > 0 && first < limit; doublings-- {
		first *= 2
	}
	return min(first, limit)
}
