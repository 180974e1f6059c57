package durable

import (
	"context"
	"fmt"
	"path/filepath"
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
