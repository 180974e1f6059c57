//go:build !race

package session

import (
	"testing"
	"testing/synctest"
	"time"
)

// An idle session allocates nothing for its heartbeats.
func TestIdleHeartbeatAllocatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x idlers
		x.add(t)
		defer x.end()
		time.Sleep(100 * DefaultHeartbeat)
		const beats = 1000
		if n := mallocs(beats, func() { time.Sleep(beats * DefaultHeartbeat) }); n > 0.2 {
			t.Errorf("a heartbeat allocates %.2f times, both sides together", n)
		}
	})
}
