//go:build !race

package session

import (
	"context"
	"runtime"
	"sync"
	"testing"
)

// mallocs is what f allocates for each of n, in the whole process.
func mallocs(n int, f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n)
}

// What a small message costs in allocations is bounded here, not what it costs in time.
func TestSmallMessagesAllocateNothing(t *testing.T) {
	from, to := benchPair(t)
	msg := make([]byte, 64)
	flow(t, from, to, msg, 20_000) // fills pools and windows
	const n = 50_000
	if got := mallocs(n, func() { flow(t, from, to, msg, n) }); got > 0.05 {
		t.Errorf("a message of 64 bytes allocates %.3f times, both sides together", got)
	}
	ctx := context.Background()
	received := func() {
		for range n {
			if _, err := to.Receive(ctx); err != nil {
				t.Error(err)
				return
			}
		}
	}
	got := mallocs(n, func() {
		var wg sync.WaitGroup
		wg.Go(received)
		for range n {
			if err := from.Send(ctx, msg); err != nil {
				t.Error(err)
				break
			}
		}
		wg.Wait()
	})
	if got > 1.1 {
		t.Errorf("with Receive, %.3f times", got)
	}
}

func TestRoundTripsAllocateNothing(t *testing.T) {
	near, far := benchPair(t)
	go echoAll(far)
	ctx := context.Background()
	msg, buf := make([]byte, 128), make([]byte, 128)
	trips := func(n int) {
		for range n {
			if err := near.Send(ctx, msg); err != nil {
				t.Fatal(err)
			}
			var err error
			if buf, err = near.ReceiveAppend(ctx, buf[:0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	trips(2_000)
	const n = 10_000
	if got := mallocs(n, func() { trips(n) }); got > 0.1 {
		t.Errorf("a round trip allocates %.3f times, both sides together", got)
	}
}
