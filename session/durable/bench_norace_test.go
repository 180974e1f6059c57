//go:build !race

package durable

import (
	"runtime"
	"testing"
)

// What a message costs in allocations is bounded here, generously; what it costs in time is
// the disk's affair.
func TestMessagesAllocateLittle(t *testing.T) {
	from := benchStream(t)
	for _, c := range []struct {
		senders, n int
		most       float64
	}{{1, 100, 80}, {64, 3_200, 25}} {
		sendAll(t, from, c.n, c.senders)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sendAll(t, from, c.n, c.senders)
		runtime.ReadMemStats(&after)
		got := float64(after.Mallocs-before.Mallocs) / float64(c.n)
		t.Logf("%d senders: %.1f allocations", c.senders, got)
		if got > c.most {
			t.Errorf("of %d senders, a message allocates %.1f times, both sides together", c.senders, got)
		}
	}
}
