package session

import (
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// listener keeps what an observer is told.
type listener struct {
	mu     sync.Mutex
	events map[*Session][]Event
}

func (l *listener) observe(s *Session, e Event) {
	s.Stats() // no lock is held
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events == nil {
		l.events = make(map[*Session][]Event)
	}
	l.events[s] = append(l.events[s], e)
}

// take returns what s has told since the last time, when everything is at rest.
func (l *listener) take(s *Session) []Event {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	told := l.events[s]
	delete(l.events, s)
	return told
}

func (l *listener) kinds(s *Session) (kinds []EventKind, last map[EventKind]Event) {
	last = make(map[EventKind]Event)
	for _, e := range l.take(s) {
		kinds = append(kinds, e.Kind)
		last[e.Kind] = e
	}
	return kinds, last
}

func observed(t *testing.T) (*pair, *listener) {
	l := &listener{}
	p := newPair(t, Config{Observe: l.observe})
	synctest.Wait()
	return p, l
}

func sameKinds(t *testing.T, got []EventKind, want ...EventKind) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("told %v, want %v", got, want)
		}
	}
}

// L1: who counts is told each thing once: a cut costs nothing to notice, is resumed, and is
// blamed on the error.
func TestL1_EventsOfACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := observed(t)
		defer p.end()
		kinds, last := l.kinds(p.a)
		sameKinds(t, kinds, EventDial, EventLinked, EventMeasured)
		if e := last[EventLinked]; e.Resumed || e.Trigger != TriggerNone {
			t.Errorf("the first link: %+v", e)
		}
		kinds, _ = l.kinds(p.b)
		sameKinds(t, kinds, EventLinked, EventMeasured)

		time.Sleep(10 * time.Second)
		p.net.lag = 700 * time.Millisecond
		p.net.last().cut()
		time.Sleep(time.Second)
		kinds, last = l.kinds(p.a)
		sameKinds(t, kinds, EventLinkLost, EventDial, EventLinked, EventMeasured)
		if e := last[EventLinkLost]; e.Trigger != TriggerError || e.Err == nil || e.Detection != 0 {
			t.Errorf("cut: %+v", e)
		}
		if e := last[EventLinked]; !e.Resumed || e.Trigger != TriggerError || e.Outage != p.net.lag || e.Attempt != p.net.lag {
			t.Errorf("resumed: %+v", e)
		}
	})
}

// L1: how long silence took to notice is told, failed attempts with why, and how long the
// outage was.
func TestL1_EventsOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := observed(t)
		defer p.end()
		time.Sleep(time.Minute)
		l.take(p.a)
		p.net.last().blackhole()
		p.net.set(func(n *network) { n.down = syscall.ECONNREFUSED })
		time.Sleep(time.Minute)
		p.net.set(func(n *network) { n.down = nil })
		time.Sleep(10 * time.Second)
		var lost, linked Event
		dials, failed := 0, 0
		for _, e := range l.take(p.a) {
			switch e.Kind {
			case EventLinkLost:
				lost = e
			case EventDial:
				dials++
			case EventDialFailed:
				if failed++; e.Err != syscall.ECONNREFUSED {
					t.Errorf("%+v", e)
				}
			case EventLinked:
				linked = e
			}
		}
		if lost.Trigger != TriggerTimeout || lost.Detection < 20*time.Second || lost.Detection > DefaultWindow+time.Second {
			t.Errorf("silence: %+v", lost)
		}
		if !linked.Resumed || linked.Trigger != TriggerTimeout || linked.Outage != linked.At.Sub(lost.At) || linked.Outage < 20*time.Second {
			t.Errorf("resumed: %+v", linked)
		}
		if failed == 0 || dials != failed+1 {
			t.Errorf("%d dials, of which %d failed", dials, failed)
		}
	})
}

// L1: what happened to the machine is what an outage is blamed on, and from where its
// detection counts.
func TestL1_EventsOfAWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := observed(t)
		defer p.end()
		time.Sleep(10 * time.Second)
		l.take(p.a)
		p.net.last().blackhole()
		p.a.Nudge(TriggerWake)
		time.Sleep(5 * time.Second)
		_, last := l.kinds(p.a)
		if e := last[EventLinkLost]; e.Trigger != TriggerWake || e.Detection < minProbe || e.Detection > maxProbe+time.Second {
			t.Errorf("after the wake: %+v", e)
		}
		if e := last[EventLinked]; !e.Resumed || e.Trigger != TriggerWake {
			t.Errorf("resumed: %+v", e)
		}
	})
}

// L1: the end of a session tells whether an outage ended with it.
func TestL1_EventsOfTheEnd(t *testing.T) {
	for _, linked := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p, l := observed(t)
			defer p.end()
			if !linked {
				p.net.set(func(n *network) { n.down = syscall.ENETUNREACH })
				p.net.last().cut()
				synctest.Wait()
				time.Sleep(time.Minute)
			}
			l.take(p.a)
			p.a.CloseNow()
			var ends []Event
			for _, e := range l.take(p.a) {
				if e.Kind == EventEnded {
					ends = append(ends, e)
				}
			}
			if len(ends) != 1 || ends[0].Err != ErrClosed {
				t.Fatalf("%+v", ends)
			}
			if e := ends[0]; linked && (e.Trigger != TriggerNone || e.Outage != 0) {
				t.Errorf("with a link: %+v", e)
			} else if !linked && (e.Trigger != TriggerError || e.Outage != time.Minute) {
				t.Errorf("without a link: %+v", e)
			}
		})
	}
}

// L1: the times in the states add up to the session's life.
func TestL1_TimeInStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := observed(t)
		defer p.end()
		time.Sleep(time.Minute)
		p.net.set(func(n *network) { n.down = syscall.ECONNREFUSED })
		p.net.last().cut()
		time.Sleep(time.Minute)
		st := p.a.Stats()
		if st.InState[Active] != time.Minute || st.InState[Retrying] != time.Minute {
			t.Errorf("%v", st.InState)
		}
		p.a.CloseNow()
		time.Sleep(time.Second)
		sum := time.Duration(0)
		st = p.a.Stats()
		for _, d := range st.InState {
			sum += d
		}
		if life := time.Since(st.Began); sum != life || st.InState[Closed] != time.Second {
			t.Errorf("%v, altogether %v of %v", st.InState, sum, life)
		}
	})
}

// L1: the times never fall, whoever comes late to the lock.
func TestL1_TimeInStatesNeverFalls(t *testing.T) {
	t0 := time.Now()
	r := record{counted: t0}
	r.count(Active, t0.Add(2*time.Second))   // a change
	r.count(Retrying, t0.Add(5*time.Second)) // a look
	r.count(Retrying, t0.Add(1*time.Second)) // a change that was noticed before both
	r.count(Active, t0.Add(4*time.Second))   // a look from before the other
	r.count(Active, t0.Add(10*time.Second))
	if r.inState[Active] != 7*time.Second || r.inState[Retrying] != 3*time.Second {
		t.Errorf("%v", r.inState)
	}
}

// L2: a delay shows in the next measure, not only when the smoothed one has come round to it;
// a link without an answer is not measured, nor judged by that.
func TestL2_Ping(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	for range 5 {
		ct.now = ct.now.Add(time.Second)
		ct.a.measure(ct.now)
		ct.settle(link)
	}
	ct.now = ct.now.Add(time.Second)
	if !ct.a.measure(ct.now) {
		t.Fatal("not measured")
	}
	nonce := ct.a.live.probe.nonce
	packet := ct.next(ct.a)
	ct.now = ct.now.Add(200 * time.Millisecond)
	if !ct.a.measure(ct.now) || ct.a.live.probe.nonce != nonce || ct.a.out.ping {
		t.Error("asked twice")
	}
	if err := ct.deliver(ct.b, link, packet); err != nil {
		t.Fatal(err)
	}
	ct.settle(link)
	if got := ct.a.live.sample; got != 200*time.Millisecond {
		t.Errorf("measured %v", got)
	}
	if ct.a.live.rtt >= 200*time.Millisecond {
		t.Errorf("smoothed %v", ct.a.live.rtt)
	}
	ct.a.linkLost(ct.now, link, TriggerError, errCut)
	if ct.a.measure(ct.now) {
		t.Error("measured without a link")
	}
}

// L2: asking for measures all the time does not keep a silent link alive.
func TestL2_PingsProveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := observed(t)
		defer p.end()
		p.net.last().blackhole()
		for range 10 * (DefaultWindow/time.Second + 1) {
			p.a.Ping()
			time.Sleep(100 * time.Millisecond)
		}
		_, last := l.kinds(p.a)
		if e := last[EventLinkLost]; e.Trigger != TriggerTimeout || e.Detection > DefaultWindow+time.Second {
			t.Errorf("%+v", e)
		}
	})
}
