package session

import (
	"testing"
	"testing/synctest"
	"time"
)

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// H3: a session that is held judges nobody and dials nobody, and shows it; the nudge acts at
// once.
func TestH3_HeldOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		p.net.last().blackhole()
		p.a.Hold(TriggerNetwork)
		for range 4 {
			if got := p.a.State(); got != Suspect {
				t.Fatalf("held: %v", got)
			}
			time.Sleep(time.Minute) // far beyond the window
		}
		if n := p.net.count(); n != 1 {
			t.Errorf("%d dials while offline", n-1)
		}
		began := time.Now()
		p.a.Nudge(TriggerNetwork)
		synctest.Wait()
		if err := p.a.WaitActive(t.Context()); err != nil {
			t.Fatal(err)
		}
		for p.a.State() != Active {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("active %v after the nudge", took)
		}
		if last := p.a.Stats().LastResume; last == nil || last.Trigger != TriggerNetwork {
			t.Errorf("resume %+v", last)
		}
	})
}

// Without a link nothing is dialled, until the nudge or, if none comes, the time is over.
func TestHeldWithoutLink(t *testing.T) {
	for _, nudged := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			p.a.Hold(TriggerNetwork)
			p.net.last().cut()
			synctest.Wait()
			time.Sleep(holdOffline - time.Second)
			if n := p.net.count(); n != 1 {
				t.Errorf("%d dials while held", n-1)
			}
			if nudged {
				p.a.Nudge(TriggerNetwork)
				synctest.Wait()
			} else {
				time.Sleep(2 * time.Second)
			}
			if n := p.net.count(); n != 2 || p.a.State() != Active {
				t.Errorf("nudged %t: %d dials, %v", nudged, n-1, p.a.State())
			}
		})
	}
}

// What arrives proves that the system is not offline.
func TestArrivalEndsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		p.a.Hold(TriggerNetwork)
		send(t, p.b, "sent before")
		want(t, p.a, "sent before")
		if got := p.a.State(); got != Suspect {
			t.Errorf("%v", got)
		}
		time.Sleep(2 * time.Second)
		send(t, p.b, "hello")
		want(t, p.a, "hello")
		if got := p.a.State(); got != Active {
			t.Errorf("%v", got)
		}
		p.a.Hold(TriggerWake) // about to sleep: what arrives changes nothing
		send(t, p.b, "more")
		want(t, p.a, "more")
		if got := p.a.State(); got != Suspect {
			t.Errorf("%v", got)
		}
		time.Sleep(holdAsleep + time.Second) // it did not sleep after all
		if got := p.a.State(); got != Active || p.net.count() != 1 {
			t.Errorf("%v after %d dials", got, p.net.count())
		}
	})
}

// A path that has changed: the new link is there before the old one is given up, and nothing
// is lost. A new connection that can't be made does not cost the old one.
func TestG2_Renew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		before := p.a.Stats().Attempt
		p.net.last().blackhole() // the old address is gone: silence
		send(t, p.a, "on the old path")
		p.a.Renew(TriggerNetwork)
		synctest.Wait() // no time passes
		if s := p.a.Stats(); s.State != Active || s.Attempt <= before || s.Resumes != 1 || s.LastResume.Trigger != TriggerNetwork {
			t.Errorf("%+v", s)
		}
		want(t, p.b, "on the old path")

		p.net.set(func(n *network) { n.down = errCut })
		before = p.a.Stats().Attempt
		for range 3 {
			p.a.Renew(TriggerNetwork)
			time.Sleep(5 * time.Second)
			if s := p.a.Stats(); s.State != Active || s.Attempt != before || s.Resumes != 1 {
				t.Errorf("a failed dial cost a good link: %+v", s)
			}
		}
		if n := p.net.count(); n != 5 {
			t.Errorf("%d dials, want one for each renewal", n-2)
		}
	})
}

// LastHeard moves with what arrives, and with nothing else.
func TestLastHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		heard := func() time.Time {
			synctest.Wait()
			return p.a.Stats().LastHeard
		}
		first := heard()
		if first.IsZero() {
			t.Fatal("nothing was heard of an active peer")
		}
		time.Sleep(time.Second)
		if got := heard(); !got.Equal(first) {
			t.Errorf("in silence it moved by %v", got.Sub(first))
		}
		p.a.Nudge(TriggerWake)
		if got := heard(); !got.Equal(time.Now()) {
			t.Errorf("the answer to a probe: %v ago", time.Since(got))
		}
		p.net.last().blackhole()
		before := heard()
		time.Sleep(100 * time.Millisecond)
		p.a.Nudge(TriggerWake)
		if got := heard(); !got.Equal(before) {
			t.Errorf("without an answer it moved by %v", got.Sub(before))
		}
	})
}

// The peer cuts the old link off as soon as it has accepted the new one, which this side may see
// before the answer: there is one resume nevertheless, and it is the renewal's.
func TestRenewalIsOneResume(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			before := p.net.count()
			p.a.Renew(TriggerNetwork)
			time.Sleep(5 * time.Second)
			s := p.a.Stats()
			if s.State != Active || s.Resumes != 1 || s.LastResume.Trigger != TriggerNetwork || p.net.count() != before+1 {
				t.Fatalf("%d dials, %+v, the last resume %+v", p.net.count()-before, s, s.LastResume)
			}
		})
	}
}

// A renewal that fails while the link is lost is tried again without delay.
func TestRenewalThatFailsInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		p.net.set(func(n *network) { n.down = errCut })
		p.a.Renew(TriggerNetwork)
		p.net.last().cut()
		synctest.Wait()
		p.net.set(func(n *network) { n.down = nil })
		time.Sleep(time.Second)
		if s := p.a.Stats(); s.State != Active || s.Resumes != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestStatsTellHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		for _, why := range []Trigger{TriggerWake, TriggerNetwork} {
			p.a.Hold(why)
			if got := p.a.Stats().Held; got != why {
				t.Errorf("held by %v, stats say %v", why, got)
			}
			p.a.Nudge(why)
			if got := p.a.Stats().Held; got != TriggerNone {
				t.Errorf("not held, stats say %v", got)
			}
		}
	})
}
