package session

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// L1: whatever happens, events add up: each link that is lost is either resumed or the session
// ends without it, each resume is told once, and so is the end.
func TestL1_EventsAddUp(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			p, l := observed(t)
			defer p.end()
			r := rand.New(rand.NewPCG(seed, 0))
			for range 40 {
				trouble(p, r)
				time.Sleep(time.Duration(r.Int64N(int64(20 * time.Second))))
			}
			p.net.set(func(n *network) { n.down, n.lag = nil, 0 })
			if seed%3 > 0 {
				time.Sleep(time.Minute)
			}
			ends := []*Session{p.a, p.b}
			if seed%2 == 0 {
				ends = []*Session{p.b, p.a}
			}
			ends[0].CloseNow()
			time.Sleep(time.Minute)
			ends[1].CloseNow()
			for _, s := range ends {
				addUp(t, seed, s, l.take(s))
			}
		})
	}
}

// trouble does something to the pair at random.
func trouble(p *pair, r *rand.Rand) {
	side := []*Session{p.a, p.b}[r.IntN(2)]
	triggers := []Trigger{TriggerWake, TriggerNetwork, TriggerManual}
	switch r.IntN(9) {
	case 0, 1:
		p.net.last().cut()
	case 2:
		p.net.last().blackhole()
	case 3:
		p.net.set(func(n *network) { n.down = syscall.ECONNREFUSED })
	case 4:
		p.net.set(func(n *network) { n.down, n.lag = nil, time.Duration(r.Int64N(int64(2*time.Second))) })
	case 5:
		side.Nudge(triggers[r.IntN(len(triggers))])
	case 6:
		side.Hold(TriggerNetwork)
	case 7:
		p.a.Renew(TriggerNetwork)
	case 8:
		side.TrySend([]byte("message"))
	}
}

func addUp(t *testing.T, seed uint64, s *Session, events []Event) {
	t.Helper()
	var count [EventEnded + 1]uint64
	resumed, without := uint64(0), uint64(0)
	for _, e := range events {
		count[e.Kind]++
		switch {
		case e.Kind == EventLinked && e.Resumed:
			resumed++
		case e.Kind == EventEnded && e.Trigger != TriggerNone:
			without++
		}
		if e.Outage < 0 || e.Detection < 0 || e.Attempt < 0 || e.Detection > DefaultWindow+5*time.Second && e.Trigger == TriggerTimeout {
			t.Errorf("seed %d: %+v", seed, e)
		}
		if ends := e.Kind == EventLinkLost || e.Resumed; ends && e.Trigger == TriggerNone {
			t.Errorf("seed %d: %+v", seed, e)
		}
	}
	if count[EventLinkLost] != resumed+without || resumed != s.Stats().Resumes || count[EventEnded] != 1 ||
		s.core.role == dialing && count[EventDial] < count[EventDialFailed]+count[EventLinked] {
		t.Errorf("seed %d: %v events by kind, %d resumed, %d ended without a link, Stats tells of %d resumes",
			seed, count, resumed, without, s.Stats().Resumes)
	}
}
