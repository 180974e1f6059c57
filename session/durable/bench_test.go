package durable

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/standardbeagle/brum/session/journal"
)

// commitAll receives, and commits as far as it has come whenever the last commit is done.
func commitAll(ctx context.Context, st *Stream) {
	latest := make(chan journal.Cursor, 1)
	go func() {
		for c := range latest {
			if st.Commit(ctx, c, nil) != nil {
				return
			}
		}
	}()
	defer close(latest)
	for {
		m, err := st.Receive(ctx)
		if err != nil {
			return
		}
		select {
		case <-latest: // overtaken
		default:
		}
		latest <- m.Cursor()
	}
}

// BenchmarkSend measures a message from Send to the news that the other side has committed
// it: an fsync on each side and a round trip, shared by those who send at the same time.
func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(senders), func(b *testing.B) {
			from := benchStream(b)
			b.ReportAllocs()
			b.SetBytes(benchSize)
			b.ResetTimer()
			sendAll(b, from, b.N, senders)
			b.StopTimer()
		})
	}
}

const benchSize = 128

// benchStream is a stream whose other side commits all it gets.
func benchStream(t testing.TB) *Stream {
	dir := t.TempDir()
	x, y := open(t, filepath.Join(dir, "a"), nil, nil), open(t, filepath.Join(dir, "b"), nil, nil)
	join(t, x, y)
	from, to := x.stream("s"), y.stream("s")
	go commitAll(t.Context(), to)
	return from
}

// sendAll sends n messages, so many at a time, each until it is committed.
func sendAll(t testing.TB, from *Stream, n, senders int) {
	msg := make([]byte, benchSize)
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan error, senders)
	for range senders {
		go func() {
			for left.Add(-1) >= 0 {
				index, err := from.Send(t.Context(), msg)
				if err == nil {
					err = from.WaitCommitted(t.Context(), index)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range senders {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// What a message costs in allocations is bounded here, generously; what it costs in time is
// the disk's affair.
func TestMessagesAllocateLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
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
