package health

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// viewer sees what a damper shows, and counts how often that changes.
type viewer struct {
	Damper
	now     time.Time
	shown   api.State
	changes int
	next    time.Time
}

func newViewer() *viewer {
	v := &viewer{now: noon}
	v.see(api.Active)
	v.changes = 0
	return v
}

func (v *viewer) see(raw api.State) { v.seeUntil(raw, v.now.Add(time.Hour)) }

func (v *viewer) seeUntil(raw api.State, limit time.Time) {
	was := v.shown
	if v.shown, v.next = v.Look(v.now, raw, limit); v.shown != was {
		v.changes++
	}
}

// lasts lets a state last, and looks when the damper wants to.
func (v *viewer) lasts(raw api.State, d time.Duration) {
	end := v.now.Add(d)
	v.see(raw)
	for !v.next.IsZero() && v.next.Before(end) {
		v.now = v.next
		v.see(raw)
	}
	v.now = end
}

func TestJ2_Flapping(t *testing.T) {
	v := newViewer()
	for range 30 {
		v.lasts(api.Suspect, 50*time.Millisecond)
		v.lasts(api.Retrying, 950*time.Millisecond)
		v.lasts(api.Active, 3*time.Second)
	}
	if v.changes != 0 || v.shown != api.Active {
		t.Errorf("%d changes were shown, then %s", v.changes, v.shown)
	}
	if !v.Unsteady(v.now) || v.Losses(v.now) != 30 {
		t.Errorf("%d losses", v.Losses(v.now))
	}
	v.lasts(api.Active, memory)
	if v.Unsteady(v.now) {
		t.Error("unsteady for ever")
	}
}

// Outages that are just long enough to be shown are shown less and less.
func TestJ2_LongerFlapping(t *testing.T) {
	v := newViewer()
	for range 20 {
		v.lasts(api.Retrying, firstGrace+time.Second)
		v.lasts(api.Active, 2*time.Second)
	}
	if v.changes > 2 {
		t.Errorf("%d changes were shown", v.changes)
	}
}

func TestJ2_GraceGrows(t *testing.T) {
	v := newViewer()
	for _, want := range []time.Duration{3, 6, 12, 12} {
		began := v.now
		for v.see(api.Retrying); v.shown == api.Active; v.see(api.Retrying) {
			v.now = v.next
		}
		if took := v.now.Sub(began); took != want*time.Second {
			t.Errorf("shown after %v, want %d s", took, want)
		}
		v.see(api.Active)
	}
	v.now = v.now.Add(memory + time.Second)
	if v.see(api.Suspect); v.next.Sub(v.now) != firstGrace {
		t.Errorf("after two good minutes in %v", v.next.Sub(v.now))
	}
}

func TestH1_OutageIsShownAndOver(t *testing.T) {
	v := newViewer()
	v.lasts(api.Retrying, 30*time.Second)
	if v.shown != api.Retrying || v.changes != 1 {
		t.Fatalf("%s", v.shown)
	}
	if v.see(api.Active); v.shown != api.Active {
		t.Errorf("back, and shown as %s", v.shown)
	}
}

// H3: nothing is active beyond the limit that the last sign of life sets.
func TestH3_LimitEndsTheGrace(t *testing.T) {
	v := newViewer()
	limit := v.now.Add(100 * time.Millisecond)
	v.seeUntil(api.Suspect, limit)
	if v.shown != api.Active || v.next != limit {
		t.Fatalf("%s until %v", v.shown, v.next)
	}
	v.now = limit
	if v.seeUntil(api.Suspect, limit); v.shown != api.Suspect {
		t.Errorf("%s at the limit", v.shown)
	}
}

// Whatever a link does: what is good shows at once; what is bad at the latest when it has lasted
// for the longest grace, or at the limit; and what is shown was or is true.
func TestJ2_DamperTellsTheTruth(t *testing.T) {
	all := []api.State{api.Connecting, api.Active, api.Suspect, api.Retrying, api.Stalled, api.Stopped}
	rapid.Check(t, func(t *rapid.T) {
		v := newViewer()
		bad := time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			raw := rapid.SampledFrom(all).Draw(t, "state")
			limit := v.now.Add(time.Duration(rapid.Int64Range(-1e9, 40e9).Draw(t, "limit")))
			before := v.shown
			switch v.seeUntil(raw, limit); {
			case !isBad(raw):
				bad = time.Time{}
				if v.shown != raw || !v.next.IsZero() {
					t.Fatalf("%s is shown as %s", raw, v.shown)
				}
			case v.shown != raw:
				if bad.IsZero() {
					bad = v.now
				}
				if v.shown != before || v.shown != api.Active && v.shown != api.Stalled {
					t.Fatalf("%s is shown as %s, after %s", raw, v.shown, before)
				}
				if !v.now.Before(limit) || v.now.Sub(bad) >= maxGrace || v.next.After(limit) || v.next.After(bad.Add(maxGrace)) || !v.next.After(v.now) {
					t.Fatalf("glossed over since %v, at %v until %v, limit %v", bad, v.now, v.next, limit)
				}
			}
			if n := v.Losses(v.now); n > maxLosses || v.Unsteady(v.now) != (n >= manyLosses) {
				t.Fatalf("%d losses", n)
			}
			v.now = v.now.Add(time.Duration(rapid.Int64Range(0, 20e9).Draw(t, "lasts")))
		}
	})
}
