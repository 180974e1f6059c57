package doctor

import (
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/power"
)

// Outcome of a wake.
type Outcome string

const (
	Pass Outcome = "PASS" // every session is active, and was heard of since the wake
	Fail Outcome = "FAIL" // one was not within the time
	None Outcome = "NONE" // there was no session to judge
)

// Verdict is what became of the sessions after a wake.
type Verdict struct {
	Outcome     Outcome `json:"outcome"`
	SleptMillis float64 `json:"slept_ms"`
	Sessions    int     `json:"sessions"`
	Confirmed   int     `json:"confirmed"` // kept their connections
	Resumed     int     `json:"resumed"`   // have new ones
	// Millis is how long after the wake the last of them was seen to be back.
	Millis float64  `json:"ms"`
	Late   []string `json:"late"` // ids of those that are not
	Why    string   `json:"why"`  // there is no verdict, or a bad one
}

// VerdictTime is how long sessions have to be back after a wake.
const VerdictTime = 5 * time.Second

// slack is by how much the hub may have noticed a wake before this program.
const slack = time.Second

// wake is a Resume whose verdict is due.
type wake struct {
	event power.Event
	since time.Time // what happened later happened after the wake
	back  map[string]returned
	hub   bool // one was running then
}

type returned struct {
	after   time.Duration
	resumed bool
}

func newWake(e power.Event) *wake {
	early := slack
	if e.Slept > 0 {
		early = min(early, e.Slept/2) // what was before the sleep is before that
	}
	return &wake{event: e, since: e.Time.Add(-early), back: make(map[string]returned)}
}

// look notes who is back, and says whether all are.
func (w *wake) look(s *api.Status) (all bool) {
	all = true
	for _, i := range s.Instances {
		if !judged(i) {
			continue
		}
		if _, known := w.back[i.ID]; known {
			continue
		}
		r, ok := w.isBack(i)
		if !ok {
			all = false
			continue
		}
		w.back[i.ID] = r
	}
	return all
}

// judged: somebody wants a session with it.
func judged(i api.Instance) bool {
	s := i.Actual()
	return s != api.Stopped && s != api.Discovered
}

func (w *wake) isBack(i api.Instance) (r returned, ok bool) {
	if i.Actual() != api.Active || i.LastHeardAt == nil || i.LastHeardAt.Before(w.since) {
		return r, false
	}
	at := *i.LastHeardAt
	switch {
	case i.LastResume != nil && !i.LastResume.At.Before(w.since):
		at, r.resumed = i.LastResume.At, true
	case i.ConnectedSince != nil && !i.ConnectedSince.Before(w.since): // a new session
		at, r.resumed = *i.ConnectedSince, true
	}
	r.after = max(0, at.Sub(w.event.Time))
	return r, true
}

// verdict is how it stands; s is nil if no hub answers.
func (w *wake) verdict(s *api.Status) *Verdict {
	v := &Verdict{Outcome: None, SleptMillis: api.Millis(w.event.Slept), Late: []string{}}
	if s == nil {
		v.Why = "no hub is running"
		if w.hub {
			v.Outcome, v.Why = Fail, "the hub does not answer any more"
		}
		return v
	}
	for _, i := range s.Instances {
		if !judged(i) {
			continue
		}
		v.Sessions++
		r, back := w.back[i.ID]
		switch {
		case !back:
			v.Late = append(v.Late, i.ID)
		case r.resumed:
			v.Resumed++
		default:
			v.Confirmed++
		}
		v.Millis = max(v.Millis, api.Millis(r.after))
	}
	switch {
	case v.Sessions == 0:
		v.Why = "the hub has no sessions"
	case len(v.Late) > 0:
		v.Outcome, v.Why = Fail, "not back within "+VerdictTime.String()
	default:
		v.Outcome = Pass
	}
	return v
}
