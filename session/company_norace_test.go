//go:build !race

package session

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tallied counts the packets that are written to a connection.
type tallied struct {
	Conn
	packets atomic.Int64
}

func (c *tallied) WritePacket(head, body []byte) error {
	c.packets.Add(1)
	return c.Conn.WritePacket(head, body)
}

// Answers that take long are not kept for one another: each goes when it is there. Those that take
// no time share packets.
func TestAnswersGoWhenTheyAreThere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // they are made one after the other
	const answers, rounds = 16, 20
	for _, tt := range []struct {
		work        time.Duration
		least, most int64
	}{
		{0, 1, answers * rounds / 2},
		{400 * time.Microsecond, answers * rounds / 4, answers*rounds*2 + 10},
	} {
		near, far := benchPair(t)
		near.mu.Lock()
		counted := &tallied{Conn: near.link.conn}
		near.link.conn = counted
		near.mu.Unlock()
		for range rounds {
			var wg sync.WaitGroup
			for range answers {
				wg.Go(func() {
					for began := time.Now(); time.Since(began) < tt.work; {
					}
					if err := near.Send(t.Context(), []byte("answer")); err != nil {
						t.Error(err)
					}
				})
			}
			for range answers {
				if _, err := far.Receive(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			wg.Wait()
		}
		if n := counted.packets.Load(); n < tt.least || n > tt.most {
			t.Errorf("%d answers that take %v went in %d packets, want %d to %d", answers*rounds, tt.work, n, tt.least, tt.most)
		} else {
			t.Logf("%d answers that take %v went in %d packets", answers*rounds, tt.work, n)
		}
	}
}
