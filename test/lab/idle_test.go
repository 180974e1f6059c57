//go:build integration && linux

package lab

import (
	"testing"
	"time"
)

// A proxy cuts connections that were idle for a minute: never those of sessions, which say
// something more often. Sessions that are told to be silent for longer show that it does cut,
// and that they come back at once, however often.
func TestM3_IdleConnectionsAreCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, idle, heartbeat string
		lasts                 time.Duration
		cuts                  bool
	}{
		{"M3 idle cut at 60 s", "60s", "15s", 75 * time.Second, false},
		{"M3 idle cut at 60 s, silent sessions", "60s", "10m", 75 * time.Second, true},
		{"M3 idle cut at 2 s, silent sessions", "2s", "10m", 20 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPairThrough(t, 4, []string{"-idle", c.idle}, "-every", "1h", "-heartbeat", c.heartbeat)
			began := time.Now()
			time.Sleep(c.lasts)
			p.awaitActive()
			noticed, _ := measure(p.dial.said(), began, began)
			r := p.settle(row{fault: c.name, noticed: noticed, resumed: outages(p.dial.said())})
			if cut := r.resumes > 0; cut != c.cuts {
				t.Errorf("%d connections were cut", r.resumes)
			}
			if c.cuts {
				within(t, "resuming", r.resumed, 2*time.Second)
			}
		})
	}
}
