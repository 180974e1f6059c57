//go:build integration && linux

package lab

import (
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// measure returns how long after a fault's begin sessions left the state active, and how long
// after its end those that were cut off were active again.
func measure(lines []report.Line, began, over time.Time) (noticed, resumed times) {
	left, back := make(map[int]bool), make(map[int]bool)
	for _, l := range lines {
		if l.Change == nil {
			continue
		}
		i := l.Session
		if l.At.After(began) && !left[i] && l.Change.From == "active" {
			left[i] = true
			noticed = append(noticed, l.At.Sub(began))
		}
		// A hub that was killed has not told that it lost anything: what counts is what each
		// change comes from.
		if l.At.After(over) && !back[i] && l.Change.To == "active" && !linked(l.Change.From) {
			back[i] = true
			resumed = append(resumed, l.At.Sub(over))
		}
	}
	return noticed, resumed
}

// linked reports whether a session in that state has a link.
func linked(state string) bool { return state == "active" || state == "suspect" || state == "stalled" }

// settle ends both peers of a pair whose processes have lived all the time, and checks that
// every message arrived once, every call was answered once and no session was lost.
func (p *pair) settle(r row) row {
	p.t.Helper()
	dialed, accepted := p.dial.finish(), p.accept.finish()
	if len(dialed) != p.sessions || len(accepted) != p.sessions {
		p.t.Errorf("%d sessions have become %d, and %d for the other side", p.sessions, len(dialed), len(accepted))
	}
	for id, d := range dialed {
		a := accepted[id]
		if a == nil {
			p.t.Errorf("session %s has no ledger on the other side", id)
			continue
		}
		p.check(d)
		p.check(a)
		if d.Sent != a.Received || a.Sent != d.Received {
			p.t.Errorf("session %s: %d of %d received, and %d of %d", id, a.Received, d.Sent, d.Received, a.Sent)
		}
		if d.Answered != d.Calls || d.Sent == 0 {
			p.t.Errorf("session %s: %d of %d calls answered", id, d.Answered, d.Calls)
		}
		r.add(d)
		r.add(a)
	}
	r.sessions = p.sessions
	figures.add(r)
	p.t.Logf("noticed %v, resumed %v, sent %d", r.noticed, r.resumed, r.sent)
	return r
}

// check is for a ledger of a session that was not lost.
func (p *pair) check(l *report.Ledger) {
	p.t.Helper()
	if l.Duplicates+l.Gaps+l.Unsettled() != 0 || l.Lost != "" {
		p.t.Errorf("the ledger is not even: %+v", *l)
	}
}

func (r *row) add(l *report.Ledger) {
	r.sent += l.Sent
	r.delivered += l.Received
	r.duplicates += l.Duplicates
	r.verdicts += l.Unsettled()
	r.resumes += l.Resumes
}

// within checks times: half of them have to meet the bound, all a generous one, since the
// machine may be busy.
func within(t *testing.T, what string, d times, bound time.Duration) {
	t.Helper()
	const patience = 5
	if len(d) == 0 {
		t.Errorf("%s: nothing was measured", what)
		return
	}
	if d.at(0.5) > bound || d.at(1) > patience*bound {
		t.Errorf("%s took %v, the bound is %v", what, d, bound)
	}
}

// outages returns how long sessions were without a link, each time.
func outages(lines []report.Line) (d times) {
	since := make(map[int]time.Time)
	for _, l := range lines {
		if l.Change == nil {
			continue
		}
		lost, wasLost := since[l.Session]
		switch {
		case l.Change.To == "active" && wasLost:
			d = append(d, l.At.Sub(lost))
			delete(since, l.Session)
		case l.Change.To == "retrying" && !wasLost:
			since[l.Session] = l.At
		}
	}
	return d
}
