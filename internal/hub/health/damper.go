package health

import (
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

const (
	// firstGrace is how long a link has to be gone before people are told.
	firstGrace = 3 * time.Second
	// maxGrace is the longest that this becomes where one loss after the other is shown.
	maxGrace = 4 * firstGrace
	// memory is for how long losses count.
	memory = 2 * time.Minute
	// manyLosses within memory make a link unsteady.
	manyLosses = 3
	// maxLosses are counted; there may have been more.
	maxLosses = 100
)

// Damper decides which state of a link people see. Good news is shown at once. That a link is
// gone or in doubt is shown when it has lasted: the more losses were shown lately, the longer it
// has to. So a link that comes and goes shows as what it mostly is, and as unsteady. The zero
// value is ready.
type Damper struct {
	shown  api.State
	bad    time.Time // since when the link is gone or in doubt, which is not shown yet
	lost   bool      // in this time
	losses times     // of the link
	tolds  times     // those that were shown
}

// Look takes in the state that a link is in and returns the one to be shown. next is when to
// look again although nothing has happened; zero for never. From limit on nothing is glossed
// over.
func (d *Damper) Look(now time.Time, raw api.State, limit time.Time) (shown api.State, next time.Time) {
	if !isBad(raw) {
		d.shown, d.bad, d.lost = raw, time.Time{}, false
		return raw, time.Time{}
	}
	if d.bad.IsZero() {
		d.bad = now
	}
	if raw == api.Retrying && !d.lost {
		d.lost = true
		d.losses.add(now)
	}
	if d.shown != api.Active && d.shown != api.Stalled {
		d.shown = raw
		return raw, time.Time{}
	}
	next = d.bad.Add(d.grace(now))
	if limit.Before(next) {
		next = limit
	}
	if now.Before(next) {
		return d.shown, next
	}
	d.shown = raw
	d.tolds.add(now)
	return raw, time.Time{}
}

// isBad tells the states that may pass in a moment.
func isBad(s api.State) bool { return s == api.Suspect || s == api.Retrying }

func (d *Damper) grace(now time.Time) time.Duration {
	g := firstGrace
	for n := d.tolds.count(now); n > 0 && g < maxGrace; n-- {
		g *= 2
	}
	return g
}

// Losses is how often the link was lost in the last two minutes, up to 100.
func (d *Damper) Losses(now time.Time) int { return d.losses.count(now) }

// Unsteady reports whether that is often.
func (d *Damper) Unsteady(now time.Time) bool { return d.Losses(now) >= manyLosses }

// times are when something has happened, within memory.
type times []time.Time

func (t *times) forget(now time.Time) {
	old := 0
	for old < len(*t) && now.Sub((*t)[old]) > memory {
		old++
	}
	*t = append((*t)[:0], (*t)[old:]...)
}

func (t *times) add(now time.Time) {
	t.forget(now)
	if len(*t) < maxLosses {
		*t = append(*t, now)
	}
}

func (t *times) count(now time.Time) int {
	t.forget(now)
	return len(*t)
}
