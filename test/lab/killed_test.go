//go:build integration && linux

package lab

import (
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// A killed side takes its sessions with it: the other is told what became of each message, and
// new sessions are there soon. What those carry is exact, and nothing arrives twice or with a
// hole before it, on lost ones neither.
func TestH5_KilledAcrossANetwork(t *testing.T) {
	t.Parallel()
	const rounds = 3
	for _, side := range []string{"accepting", "dialing"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, 8)
			r := row{fault: "kill -9, " + side + ", survivors' ledgers", sessions: p.sessions}
			for round := range rounds {
				time.Sleep(time.Second)
				began := time.Now()
				if side == "accepting" {
					p.accept.kill()
					over := time.Now()
					p.startAccept()
					await(t, "the loss to be told", func() bool { return len(p.dial.ledgers()) >= (round+1)*p.sessions })
					p.awaitActive()
					n, back := measure(p.dial.said(), began, over)
					r.noticed, r.resumed = append(r.noticed, n...), append(r.resumed, back...)
					continue
				}
				p.dial.kill()
				over := time.Now()
				p.startDial()
				n, _ := measure(p.accept.said(), began, over)
				_, back := measure(p.dial.said(), began, over)
				r.noticed, r.resumed = append(r.noticed, n...), append(r.resumed, back...)
			}
			time.Sleep(time.Second)
			dialed, accepted := p.dial.finish(), p.accept.finish()
			within(t, "being back", r.resumed, 2*time.Second)
			lost, exact := p.settleLost(&r, dialed, accepted)
			if lost != rounds*p.sessions || exact != p.sessions {
				t.Errorf("%d sessions lost, %d not, want %d and %d", lost, exact, rounds*p.sessions, p.sessions)
			}
			figures.add(r)
		})
	}
}

// settleLost checks the ledgers of sessions some of which were lost, and counts both kinds.
func (p *pair) settleLost(r *row, dialed, accepted map[string]*report.Ledger) (lost, exact int) {
	p.t.Helper()
	for _, side := range []map[string]*report.Ledger{dialed, accepted} {
		for id, l := range side {
			if l.Duplicates+l.Gaps != 0 || l.Answered > l.Calls {
				p.t.Errorf("the ledger of %s is not even: %+v", id, *l)
			}
			if l.Lost != "" {
				lost++
			} else if l.Unsettled() != 0 {
				p.t.Errorf("session %s was closed and has verdicts: %+v", id, *l)
			}
			r.add(l)
		}
	}
	for id, d := range dialed {
		if a := accepted[id]; a != nil && d.Lost == "" {
			exact++
			if d.Sent != a.Received || a.Sent != d.Received || d.Answered != d.Calls {
				p.t.Errorf("session %s: %+v and %+v", id, *d, *a)
			}
		}
	}
	return lost, exact
}
