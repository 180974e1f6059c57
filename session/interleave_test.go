package session

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// thinConn takes as long for a packet as a line of so many bytes a second does.
type thinConn struct {
	Conn
	rate int
}

func (c thinConn) WritePacket(head, body []byte) error {
	time.Sleep(time.Duration(len(head)+len(body)) * time.Second / time.Duration(c.rate))
	return c.Conn.WritePacket(head, body)
}

// protocol.md §6: beside a large message, a small one waits for the few fragments that are
// already on their way and never for the rest, however slow the line.
func TestD4_SmallMessagePassesLargeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, rate = 16 << 20, 8 << 20
		cfg := Config{Key: testKey, Budget: NewBudget(DefaultBudgetBytes)}
		acc, err := NewAcceptor(&AcceptorConfig{Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		n := &network{acc: acc}
		a, err := Dial(func(ctx context.Context, request []byte) (Conn, []byte, error) {
			conn, reply, err := n.dial(ctx, request)
			if conn != nil {
				conn = thinConn{conn, rate}
			}
			return conn, reply, err
		}, &cfg)
		if err != nil {
			t.Fatal(err)
		}
		b, err := acc.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := &pair{t, cfg.Budget, n, acc, a, b}
		defer p.end()

		bulk, taker := openPair(t, a, b, "bulk")
		sent := make(chan error, 1)
		go func() { sent <- bulk.Send(t.Context(), make([]byte, size)) }()
		whole := make(chan time.Time, 1)
		began := time.Now()
		go func() {
			if msg, err := taker.Receive(t.Context()); err != nil || len(msg) != size {
				t.Errorf("%d bytes, %v", len(msg), err)
			}
			whole <- time.Now()
		}()

		var waits []time.Duration
		for busy := true; busy; {
			at := time.Now()
			send(t, a, "small")
			if msg, err := b.Receive(t.Context()); err != nil || !bytes.Equal(msg, []byte("small")) {
				t.Fatal(string(msg), err)
			}
			waits = append(waits, time.Since(at))
			select {
			case at := <-whole:
				busy = false
				if took := at.Sub(began); took > 2*size*time.Second/rate {
					t.Errorf("the large message took %v", took)
				}
			default:
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		// What may be ahead of it: what waits for the writer, and the packet being written.
		most := time.Duration(burst+2*maxPacket) * time.Second / rate
		if got := slices.Max(waits); got > most || len(waits) < 10 {
			t.Errorf("one of %d small messages took %v, at most %v is due", len(waits), got, most)
		}
	})
}
