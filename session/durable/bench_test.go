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
			dir := b.TempDir()
			x, y := open(b, filepath.Join(dir, "a"), nil, nil), open(b, filepath.Join(dir, "b"), nil, nil)
			join(b, x, y)
			from, to := x.stream("s"), y.stream("s")
			go commitAll(b.Context(), to)
			msg := make([]byte, 128)
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan error, senders)
			b.ReportAllocs()
			b.SetBytes(int64(len(msg)))
			b.ResetTimer()
			for range senders {
				go func() {
					for left.Add(-1) >= 0 {
						n, err := from.Send(b.Context(), msg)
						if err == nil {
							err = from.WaitCommitted(b.Context(), n)
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
					b.Error(err)
				}
			}
			b.StopTimer()
		})
	}
}
