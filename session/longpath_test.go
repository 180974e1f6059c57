package session

import (
	"testing"
	"testing/synctest"
	"time"
)

// newLongPair is newPair over a path.
func newLongPair(t *testing.T, by *path, cfg Config) *pair {
	t.Helper()
	p := newPair(t, cfg)
	p.net.set(func(n *network) { n.path = by })
	p.net.last().cut()
	time.Sleep(time.Second) // and the round trip is known
	return p
}

func TestLongPathTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLongPair(t, gigabit(120*time.Millisecond), Config{})
		defer p.end()
		began := time.Now()
		done := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				case <-time.After(10 * time.Millisecond):
				}
				p.a.mu.Lock()
				h, s, cr, un := p.a.core.log.held, p.a.core.log.stretched, p.a.core.streams.main.credit(), p.a.core.log.unsentBytes(1<<20)
				p.a.mu.Unlock()
				p.b.mu.Lock()
				m := &p.b.core.streams.main
				t.Log(time.Since(began), "window", m.window>>10, "stretched", m.stretched>>10, "consumed", m.consumed>>10, "held", h>>10, s>>10, "credit", cr>>10, "unsent", un>>10)
				p.b.mu.Unlock()
			}
		}()
		flow(t, p.a, p.b, make([]byte, 64<<10), 200<<20/(64<<10))
		close(done)
		took := time.Since(began)
		t.Log(took, 200<<20*8/1e6/took.Seconds(), "Mbit/s")
	})
}
