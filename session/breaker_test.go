package session

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// E2: after five failures past the first two minutes no dial is made for up to 30 s, then
// exactly one; whatever promises success bypasses that.
func TestE2_Breaker(t *testing.T) {
	for _, hang := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			p.net.set(func(n *network) { n.down, n.hang = syscall.ECONNREFUSED, hang })
			p.net.last().cut()
			for p.a.Stats().Breaker != BreakerOpen {
				time.Sleep(100 * time.Millisecond)
			}
			start := time.Now()
			p.net.set(func(n *network) { n.dialled = nil })
			most, halfOpen := 0, 0
			for time.Since(start) < 10*time.Minute {
				p.a.mu.Lock()
				most = max(most, len(p.a.attempts))
				p.a.mu.Unlock()
				if p.a.Stats().Breaker == BreakerHalfOpen {
					halfOpen++
				}
				time.Sleep(time.Second)
			}
			var at []time.Time
			p.net.set(func(n *network) { at = n.dialled })
			for i := 1; i < len(at); i++ {
				if gap := at[i].Sub(at[i-1]); gap < calmMax/2 || gap > calmMax {
					t.Errorf("%v between two dials", gap)
				}
			}
			if len(at) < 20 || len(at) > 40 || most > 1 || hang != (halfOpen > 0) {
				t.Errorf("hanging %t: %d dials in 10 minutes, %d at once, half-open %d times", hang, len(at), most, halfOpen)
			}

			p.net.set(func(n *network) { n.down, n.hang, n.dials = nil, false, 0 })
			p.a.Nudge(TriggerNetwork)
			synctest.Wait()
			if st := p.a.Stats(); st.State != Active || st.Breaker != BreakerClosed || p.net.count() != 1 {
				t.Errorf("after a nudge: %v, %v, %d dials", st.State, st.Breaker, p.net.count())
			}
		})
	}
}

// E3: a peer that was down for ten minutes is found within 35 s, with nobody's help.
func TestE3_BackAfterTenMinutes(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			p.net.set(func(n *network) { n.hang = true })
			p.net.last().cut()
			time.Sleep(10 * time.Minute)
			p.net.set(func(n *network) { n.hang = false })
			time.Sleep(35 * time.Second)
			if got := p.a.State(); got != Active {
				t.Errorf("%v 35 s after the peer came back", got)
			}
		})
	}
}
