package brum_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// The benchmarks run both sides of a session over loopback.

// between returns the two ends of a session, and the dialing side's latest connection.
func between(b *testing.B) (a, peer *session.Session, last func() net.Conn) {
	b.Helper()
	acceptor, address := serve(b, session.Config{Key: key})
	var (
		mu   sync.Mutex
		conn net.Conn
	)
	a, err := brum.Dial("ws://"+address, &session.Config{Key: key}, &wsconn.DialOptions{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := wsconn.DialTCP(ctx, network, addr)
			mu.Lock()
			defer mu.Unlock()
			conn = c
			return c, err
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.CloseNow() })
	if peer, err = acceptor.Accept(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := a.WaitActive(b.Context()); err != nil {
		b.Fatal(err)
	}
	return a, peer, func() net.Conn {
		mu.Lock()
		defer mu.Unlock()
		return conn
	}
}

// BenchmarkOneWay sends from one side to the other; the receiver uses one buffer.
func BenchmarkOneWay(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			a, peer, _ := between(b)
			msg, buf := make([]byte, size), make([]byte, 0, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				for range b.N {
					if err := a.Send(b.Context(), msg); err != nil {
						b.Error(err)
						return
					}
				}
			}()
			for range b.N {
				if _, err := peer.ReceiveAppend(b.Context(), buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// echo sends back what comes, until its context ends.
func echo(ctx context.Context, send func(context.Context, []byte) error, receive func(context.Context, []byte) ([]byte, error)) {
	var buf []byte
	for {
		var err error
		if buf, err = receive(ctx, buf[:0]); err != nil || send(ctx, buf) != nil {
			return
		}
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	a, peer, _ := between(b)
	go echo(b.Context(), peer.Send, peer.ReceiveAppend)
	msg, buf := make([]byte, 128), make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Send(b.Context(), msg); err != nil {
			b.Fatal(err)
		}
		if _, err := a.ReceiveAppend(b.Context(), buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResume resets the connection and waits until an answer comes over the next one.
func BenchmarkResume(b *testing.B) {
	const few = 30 // a session whose links keep failing takes its time
	var (
		a    *session.Session
		last func() net.Conn
		n    int
	)
	msg, buf := make([]byte, 128), make([]byte, 0, 128)
	ask := func() {
		if err := a.Send(b.Context(), msg); err != nil {
			b.Fatal(err)
		}
		if _, err := a.ReceiveAppend(b.Context(), buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%few == 1 {
			b.StopTimer()
			var peer *session.Session
			a, peer, last = between(b)
			go echo(b.Context(), peer.Send, peer.ReceiveAppend)
			ask()
			b.StartTimer()
		}
		c := last().(*net.TCPConn)
		c.SetLinger(0)
		c.Close()
		ask()
	}
}

// BenchmarkCallBesideLargeMessage makes calls on a stream while messages of 64 MiB are under
// way on the main one, and tells how long the slowest hundredth of them takes.
func BenchmarkCallBesideLargeMessage(b *testing.B) {
	a, peer, _ := between(b)
	large := make([]byte, 64<<20)
	ctx, cancel := context.WithCancel(b.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer cancel()
	others.Go(func() {
		for a.Send(ctx, large) == nil {
		}
	})
	others.Go(func() {
		buf := make([]byte, 0, len(large))
		for {
			if _, err := peer.ReceiveAppend(ctx, buf); err != nil {
				return
			}
		}
	})
	calls, err := a.OpenStream(ctx, "calls")
	if err != nil {
		b.Fatal(err)
	}
	answers, err := peer.AcceptStream(ctx)
	if err != nil {
		b.Fatal(err)
	}
	others.Go(func() { echo(ctx, answers.Send, answers.ReceiveAppend) })
	msg, buf := make([]byte, 128), make([]byte, 0, 128)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := calls.Send(ctx, msg); err != nil {
			b.Fatal(err)
		}
		if _, err := calls.ReceiveAppend(ctx, buf); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100])/float64(time.Millisecond), "p99-ms")
}
