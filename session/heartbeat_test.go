package session

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// §9: a heartbeat is a ping and a pong, for which one timer fires once. The sides take turns, so
// that both know the round trip.
func TestIdleHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x idlers
		a, b := x.add(t)
		defer x.end()
		time.Sleep(time.Minute)
		const intervals = 100
		packets, dialing, accepting := x.during(func() { time.Sleep(intervals * DefaultHeartbeat) })
		beats := packets / 2
		if beats < intervals || beats > intervals*16/15 { // up to a 16th early
			t.Errorf("%d packets in %d intervals", packets, intervals)
		}
		if min(dialing, accepting) < beats/2-1 || dialing+accepting > beats+1 {
			t.Errorf("the timers fire %d and %d times for %d heartbeats", dialing, accepting, beats)
		}
		for _, s := range []*Session{a, b} {
			s.mu.Lock()
			age := time.Since(s.core.live.sampledAt)
			s.mu.Unlock()
			if age > 2*DefaultHeartbeat {
				t.Errorf("the round trip was measured %v ago", age)
			}
			if st := s.Stats(); time.Since(st.LastHeard) > DefaultHeartbeat || st.State != Active {
				t.Errorf("%v, last heard %v ago", st.State, time.Since(st.LastHeard))
			}
		}
	})
}

// §9: of a peer that has fallen silent each side asks, whosever turn it was, and gives the link up
// within the window.
func TestHeartbeatWhoseTurnItIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		time.Sleep(time.Minute)
		p.net.set(func(n *network) { n.down = errCut })
		p.net.last().blackhole()
		for _, after := range []struct {
			time   time.Duration
			linked bool
		}{{DefaultHeartbeat + time.Millisecond, true}, {DefaultWindow + time.Second, false}} {
			for _, s := range []*Session{p.a, p.b} {
				heard := s.Stats().LastHeard
				time.Sleep(time.Until(heard.Add(after.time)))
				synctest.Wait()
				s.mu.Lock()
				asked := s.core.live.probe.phase
				s.mu.Unlock()
				if linked := s.Stats().State.Linked(); linked != after.linked || (linked && asked == probeNone) {
					t.Errorf("%v after role %d heard something: linked %t, asked %d", after.time, s.core.role, linked, asked)
				}
			}
		}
	})
}

// Sessions that became idle one after the other wake their process together.
func TestIdleSessionsWakeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			x     idlers
			mu    sync.Mutex
			wakes = make(map[time.Time]int)
		)
		x.note = func() {
			mu.Lock()
			wakes[time.Now()]++
			mu.Unlock()
		}
		const sessions, apart = 50, 7 * time.Millisecond
		for range sessions {
			x.add(t)
			time.Sleep(apart)
		}
		defer x.end()
		time.Sleep(time.Minute)
		mu.Lock()
		clear(wakes)
		mu.Unlock()
		const beats = 10 // and perhaps one more
		time.Sleep(beats * DefaultHeartbeat)
		mu.Lock()
		defer mu.Unlock()
		most := (beats + 1) * int(sessions*apart/(DefaultHeartbeat/beatGrain)+2)
		if len(wakes) > most {
			t.Errorf("%d wakes for %d heartbeats of %d sessions, want at most %d", len(wakes), beats, sessions, most)
		}
	})
}

// §5.2: a message that nobody answers is two packets, and one timer fires once, for the
// acknowledgement.
func TestLoneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x idlers
		a, b := x.add(t)
		defer x.end()
		time.Sleep(time.Minute)
		packets, dialing, accepting := x.during(func() {
			if err := a.Send(t.Context(), []byte("lone")); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Receive(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(DefaultHeartbeat / 2)
		})
		if packets != 2 || dialing != 0 || accepting != 1 {
			t.Errorf("%d packets, the timers fire %d and %d times", packets, dialing, accepting)
		}
	})
}

// §9: a timer by which a sleep or a pause will be known is not put off, whatever arrives before.
func TestTimerThatTellsStays(t *testing.T) {
	wall := time.Unix(1_700_000_000, 0)
	c := &core{cfg: Config{Heartbeat: DefaultHeartbeat}, armed: instant(wall.Add(15*time.Second), 15*time.Second)}
	for name, at := range map[string]struct {
		wall, mono time.Duration
		want       bool
	}{
		"nothing happened":               {13 * time.Second, 13 * time.Second, true},
		"it slept":                       {18 * time.Second, 13 * time.Second, false},
		"it slept and woke in time":      {14900 * time.Millisecond, 13 * time.Second, false},
		"it was stopped":                 {17 * time.Second, 17 * time.Second, false},
		"the timer is about to fire":     {14950 * time.Millisecond, 14950 * time.Millisecond, false},
		"the wall clock was set back":    {3 * time.Second, 13 * time.Second, true},
		"the wall clock is set a trifle": {13500 * time.Millisecond, 13 * time.Second, true},
	} {
		now := instant(wall.Add(at.wall), at.mono)
		if got := c.rearms(now, now.Add(DefaultHeartbeat)); got != at.want {
			t.Errorf("%s: set anew %t, want %t", name, got, at.want)
		}
	}
	if now := instant(wall, 0); c.rearms(now, now.Add(20*time.Second)) {
		t.Error("a timer that would fire a little early is set anew")
	}
}
