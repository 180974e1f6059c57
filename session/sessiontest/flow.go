package sessiontest

import (
	"math/rand/v2"
	"time"
)

// Direction is one of the two directions of a connection.
type Direction uint8

const (
	ToAcceptor Direction = iota // what the dialing side writes
	ToDialer                    // what the accepting side writes
)

func (d Direction) String() string {
	if d == ToDialer {
		return "to the dialer"
	}
	return "to the acceptor"
}

func (d Direction) other() Direction { return 1 - d }

// Conditions slow a direction down. The zero value is a perfect path.
type Conditions struct {
	// Delay is how long a byte travels, Jitter how much longer it may take at random. The
	// order stays.
	Delay, Jitter time.Duration
	// BytesPerSecond is the bandwidth; 0 is unlimited.
	BytesPerSecond int
}

// capacity is how many bytes a direction holds before a writer has to wait, in all buffers
// on the way.
const capacity = 1 << 20

// flow is one direction of a link. The link's mutex guards it.
type flow struct {
	transit []chunk // oldest first
	held    int     // bytes in transit
	free    time.Time
	last    time.Time // when what was written last arrives

	carried int64 // bytes taken from the writer
	cutAt   int64 // the link dies when that many were carried; negative for never
	ending  Ending

	stalled bool // nothing arrives
	lost    bool // nothing that is written arrives, nor the end
	sink    bool // the reader is gone
	fin     bool // the writer has closed, behind what is in transit
	cond    Conditions
}

type chunk struct {
	p  []byte
	at time.Time // of arrival
}

// room is how many bytes may be written now without waiting, of n.
func (f *flow) room(n int) int {
	if f.sink {
		return n
	}
	n = min(n, capacity-f.held)
	if f.cutAt >= 0 {
		n = min(n, int(f.cutAt-f.carried))
	}
	return n
}

// put takes p, for which there is room.
func (f *flow) put(p []byte, now time.Time, random *rand.Rand) {
	f.carried += int64(len(p))
	switch {
	case f.sink || len(p) == 0:
		return
	case f.lost:
		f.held += len(p) // nobody acknowledges it: it fills the buffers
		return
	}
	at := now
	if f.cond.BytesPerSecond > 0 {
		if f.free.Before(now) {
			f.free = now
		}
		f.free = f.free.Add(time.Duration(len(p)) * time.Second / time.Duration(f.cond.BytesPerSecond))
		at = f.free
	}
	at = at.Add(f.cond.Delay)
	if f.cond.Jitter > 0 {
		at = at.Add(time.Duration(random.Int64N(int64(f.cond.Jitter) + 1)))
	}
	if at.Before(f.last) {
		at = f.last
	}
	f.last = at
	f.transit = append(f.transit, chunk{append([]byte(nil), p...), at})
	f.held += len(p)
}

// end notes that nothing follows.
func (f *flow) end(now time.Time) {
	if f.lost {
		return
	}
	if at := now.Add(f.cond.Delay); at.After(f.last) {
		f.last = at
	}
	f.fin = true
}

// take fills p with what has arrived. wait is how long the next byte will take; negative if
// there is none on its way.
func (f *flow) take(p []byte, now time.Time) (n int, wait time.Duration) {
	if f.stalled {
		return 0, -1
	}
	for n < len(p) && len(f.transit) > 0 {
		c := &f.transit[0]
		if d := c.at.Sub(now); d > 0 {
			return n, d
		}
		k := copy(p[n:], c.p)
		n += k
		f.held -= k
		if c.p = c.p[k:]; len(c.p) == 0 {
			f.transit[0].p = nil
			f.transit = f.transit[1:]
		}
	}
	return n, -1
}

// over reports whether the end of the flow has arrived, or when it will.
func (f *flow) over(now time.Time) (yes bool, wait time.Duration) {
	if !f.fin || f.stalled || len(f.transit) > 0 {
		return false, -1
	}
	if d := f.last.Sub(now); d > 0 {
		return false, d
	}
	return true, 0
}

// drop loses what is in transit.
func (f *flow) drop() { f.transit, f.held = nil, 0 }
