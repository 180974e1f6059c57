//go:build !race && !integration

package quiet

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// connected returns the two ends of a session over a real WebSocket on loopback.
func connected(t *testing.T) (dialing, accepting *session.Session) {
	t.Helper()
	key := []byte("0123456789abcdef0123456789abcdef")
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), nil)
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	dialing, err = brum.Dial("ws://"+ln.Addr().String(), &session.Config{Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialing.CloseNow() })
	if accepting, err = acceptor.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepting.CloseNow() })
	return dialing, accepting
}

// A message of 64 MiB on its way delays small calls by less than 5 ms at p99. Both programs
// and whatever else the machine does share its cores, which can only make it look worse: so
// the best of some rounds counts. TestD4_SmallMessagePassesLargeOne in package session proves
// the order on the line in virtual time.
func TestD4_LargeMessageDelaysNobody(t *testing.T) {
	const rounds, bound = 12, 5 * time.Millisecond
	dialing, accepting := connected(t)
	go func() { // echo
		for {
			msg, err := accepting.Receive(context.Background())
			if err != nil || accepting.Send(context.Background(), msg) != nil {
				return
			}
		}
	}()
	alone := p99(callsUntil(t, dialing, after(200*time.Millisecond)))
	bulk, err := dialing.OpenStream(t.Context(), "bulk")
	if err != nil {
		t.Fatal(err)
	}
	taker, err := accepting.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var added []time.Duration
	for range rounds {
		beside := callsUntil(t, dialing, transfers(t, bulk, taker))
		added = append(added, p99(beside)-alone)
		t.Logf("p99 of a call alone %v, of %d beside 64 MiB %v more", alone, len(beside), added[len(added)-1])
		if added[len(added)-1] < bound && len(added) >= 3 {
			break
		}
	}
	if best := slices.Min(added); best >= bound {
		t.Errorf("calls took %v longer beside a large message, the bound is %v", best, bound)
	}
}

// transfers sends large messages one after the other; the channel is closed when all have
// arrived.
func transfers(t *testing.T, bulk, taker *session.Stream) <-chan struct{} {
	const size, count = 64 << 20, 8
	go func() {
		msg := make([]byte, size)
		for range count {
			if err := bulk.Send(context.Background(), msg); err != nil {
				t.Error(err)
			}
		}
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range count {
			if msg, err := taker.Receive(context.Background()); err != nil || len(msg) != size {
				t.Errorf("%d bytes, %v", len(msg), err)
				return
			}
		}
	}()
	return done
}

// callsUntil makes calls of 128 bytes until done is closed, and tells how long each took.
func callsUntil(t *testing.T, s *session.Session, done <-chan struct{}) (took []time.Duration) {
	t.Helper()
	msg := make([]byte, 128)
	for {
		select {
		case <-done:
			return took
		default:
		}
		began := time.Now()
		if err := s.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
}

func after(d time.Duration) <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(d, func() { close(done) })
	return done
}

func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100]
}
