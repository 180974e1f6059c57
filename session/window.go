package session

import "time"

// plan decides how much has to be consumed for the peer to hear of it: a quarter of the window.
// Telling that often keeps it going, and is seldom enough to cost nothing. Of a large window it
// is less, since what is not told yet is not under way; and a flight is told of when it is over.
func (st *stream) plan() {
	st.tellAt = st.rcvLimit + uint64(min(st.window/4, largestQuarter)) - uint64(st.window)
	if !st.flightAt.IsZero() {
		st.tellAt = min(st.tellAt, st.flightEnd())
	}
}

const largestQuarter = 1 << 20

// usedUp reports whether so much was consumed.
func (st *stream) usedUp() bool { return st.consumed >= st.tellAt }

// A window is measured by the time in which it is used up twice. Once would not do: what has
// waited while the application did not run is consumed at the speed of memory.
const (
	windowRounds = 4                      // so many round trips; less, and the window is too small
	minRound     = 100 * time.Microsecond // a shorter one says more about processors than about the path
	wideRounds   = 8                      // so many round trips and more, and a stretched window is too large
	windowIdle   = 10 * time.Second       // so is one that takes longer
)

// On a long path that would take a second and more. So what comes after a pause and is consumed at
// once, a flight, is measured by itself: when a whole window comes in a small part of the round
// trip, its sender waits for the rest of it. How much more he could send is then known roughly,
// and found out in two steps.
const (
	flightPause = 4  // a pause is a round trip's such part
	flightRound = 2  // a flight is to take less than such a part of it
	flightWider = 16 // so many times as wide it makes a window at most
)

// arrives notes that messages come: after a pause they begin a flight.
func (st *stream) arrives(now time.Time, rtt time.Duration) {
	if st.in.bytes == 0 && now.Sub(st.arrivedAt) >= max(rtt, longRound)/flightPause {
		st.flight, st.flightAt = st.consumed, now
		st.plan()
	}
	st.arrivedAt = now
}

// flightEnd is where a flight has no credit for another large frame.
func (st *stream) flightEnd() uint64 { return st.flight + uint64(st.window) - largeBlock }

// flown reports whether a flight that was not judged yet is over and consumed.
func (st *stream) flown() bool { return !st.flightAt.IsZero() && st.consumed >= st.flightEnd() }

// wanted is how wide the window should be, as it was used since the last time on a path of that
// round trip, 0 when it is not known. Up to the ordinary bound it never shrinks. That it is wide
// enough may be because the path is another by now: slow says so.
func (st *stream) wanted(now time.Time, rtt time.Duration, bounds bounds, slow *bool) int {
	w, ordinary := st.window, bounds.ordinary
	if rtt >= longRound && st.flown() {
		took := max(now.Sub(st.flightAt), 1)
		st.flightAt = time.Time{}
		if took < rtt/flightRound {
			st.measured, st.measuredAt = st.consumed, now
			wider := min(max(1.5*float64(rtt)/float64(took), 2), flightWider)
			return int(min(wider*float64(w), float64(bounds.most)))
		}
	}
	used, took, round := st.consumed-st.measured, now.Sub(st.measuredAt), max(rtt, minRound)
	idle := w > ordinary && rtt > 0 && took >= windowIdle
	if used < 2*uint64(w) && !idle {
		return w
	}
	st.measured, st.measuredAt = st.consumed, now
	*slow = *slow || took >= windowRounds*round
	switch {
	case w < ordinary && took < windowRounds*round:
		return min(2*w, ordinary)
	case w >= ordinary && took < windowRounds*round*2/3: // a larger one has to be worth it
		return 2 * w
	case idle:
		return ordinary
	case w > ordinary && rtt > 0 && took >= wideRounds*round:
		return max(w/2, ordinary)
	}
	return w
}

// adapt makes the window of st what the path needs, as far as the budget allows. One that is too
// large is slow, too: what waits in it has left the processor's cache when its turn comes.
func (ss *streams) adapt(st *stream, now time.Time, rtt time.Duration, budget *Budget) {
	w := st.wanted(now, rtt, ss.bounds, &ss.slow)
	if st.stretched > 0 {
		if n := ss.excess(budget); n > 0 {
			w = min(w, max(st.window-(n+1)/2, ss.bounds.ordinary))
		}
	}
	switch {
	case w < st.window:
		st.window = w // the credit that is beyond goes as it is used
	case w > st.window:
		ss.widen(st, w, budget)
		ss.stretch(st, min(w, pathBytes(rtt), ss.bounds.most), budget)
	}
}

// widen makes the window of st as large as w within the ordinary bound.
func (ss *streams) widen(st *stream, w int, budget *Budget) {
	w = min(w, ss.bounds.ordinary)
	if w <= st.window {
		return
	}
	// Windows are beyond the share that is a session's own: that is for sending.
	held := fairShare
	ss.all(func(other *stream) { held += other.window - ss.window })
	if budget.take(w-st.window, held) {
		st.window = w
	}
}

// stretch makes a window that has reached the ordinary bound as large as w.
func (ss *streams) stretch(st *stream, w int, budget *Budget) {
	if st.window < ss.bounds.ordinary || w <= st.window {
		return
	}
	if more := w - ss.bounds.ordinary - st.stretched; more > 0 {
		held := 0
		ss.all(func(other *stream) { held += other.stretched })
		st.stretched += budget.takeStretch(stretchReceived, 1, more, held)
	}
	st.window = max(st.window, min(w, ss.bounds.ordinary+st.stretched))
}

// excess is by how much the streams' windows are stretched beyond what they leave to the windows of
// other sessions.
func (ss *streams) excess(budget *Budget) int {
	left, wide := budget.stretchLeft(stretchReceived), 0
	ss.all(func(st *stream) {
		n := max(st.window-ss.bounds.ordinary, 0)
		wide += n
		left += st.stretched - n // is given back already
	})
	return max(wide-left, 0)
}

// grant renews the credit, and gives back what was reserved for more of it than the peer has.
func (st *stream) grant(ordinary int, budget *Budget) {
	st.rcvLimit = max(st.rcvLimit, st.consumed+uint64(st.window))
	st.creditDue, st.toldConsumed = false, st.consumed
	st.plan()
	if n := st.stretched - max(int(st.rcvLimit-st.consumed)-ordinary, 0); n > 0 {
		st.stretched -= n
		budget.releaseStretch(stretchReceived, n)
	}
}

// shrink gives back what the window grew by above the initial one; nothing more will come.
func (st *stream) shrink(budget *Budget, initial, ordinary int) {
	if n := min(st.window, ordinary) - initial; n > 0 {
		budget.release(n)
	}
	if st.stretched > 0 {
		budget.releaseStretch(stretchReceived, st.stretched)
	}
	st.window, st.stretched = min(st.window, initial), 0
}
