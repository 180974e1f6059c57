package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

func openPair(t *testing.T, from, to *Session, name string) (mine, theirs *Stream) {
	t.Helper()
	mine, err := from.OpenStream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = to.AcceptStream(t.Context())
	if err != nil || theirs.Name() != name || theirs.ID() != mine.ID() {
		t.Fatalf("accepted %v, %v; want %q", theirs, err, name)
	}
	return mine, theirs
}

// A stream is there without a round trip, also in an outage, and ends each way by itself.
func TestStreamLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		p.net.set(func(n *network) { n.lag = time.Second })
		p.net.last().cut()
		synctest.Wait()
		a, err := p.a.OpenStream(t.Context(), "logs")
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(t.Context(), []byte("first")); err != nil {
			t.Fatal(err)
		}
		if err := a.CloseSend(t.Context()); err != nil {
			t.Fatal(err)
		}
		b, err := p.b.AcceptStream(t.Context())
		if err != nil || b.Name() != "logs" {
			t.Fatal(b, err)
		}
		if msg, err := b.Receive(t.Context()); err != nil || string(msg) != "first" {
			t.Fatalf("%q, %v", msg, err)
		}
		for range 2 {
			if _, err := b.Receive(t.Context()); err != io.EOF {
				t.Fatalf("behind the end: %v", err)
			}
		}
		if err := a.Send(t.Context(), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Send behind CloseSend: %v", err)
		}
		if err := b.Send(t.Context(), []byte("answer")); err != nil {
			t.Fatal(err)
		}
		if err := b.CloseSend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if msg, err := a.Receive(t.Context()); err != nil || string(msg) != "answer" {
			t.Fatalf("%q, %v", msg, err)
		}
		if _, err := a.Receive(t.Context()); err != io.EOF {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if x, y := p.a.Stats().Streams, p.b.Stats().Streams; x+y != 0 {
			t.Errorf("%d and %d streams are left", x, y)
		}
	})
}

// A reset ends both directions; what is on its way is dropped, what waits is told.
func TestStreamReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		a, b := openPair(t, p.a, p.b, "")
		blocked := make(chan error, 2)
		go func() { blocked <- a.Send(t.Context(), make([]byte, 4*DefaultCredit)) }()
		go func() { _, err := a.Receive(t.Context()); blocked <- err }()
		synctest.Wait()
		if err := b.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-blocked; !errors.Is(err, ErrReset) {
				t.Errorf("a caller that waited: %v", err)
			}
		}
		if _, err := b.Receive(t.Context()); !errors.Is(err, ErrReset) {
			t.Errorf("the side that reset: %v", err)
		}
		send(t, p.a, "the main stream lives")
		want(t, p.b, "the main stream lives")
		if x, y := p.a.Stats(), p.b.Stats(); x.Streams+y.Streams+y.InboxBytes != 0 {
			t.Errorf("left over: %+v\n%+v", x, y)
		}
	})
}

// S5: a stream whose receiver takes nothing holds up no other.
func TestStalledStreamHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		stuck, _ := openPair(t, p.a, p.b, "stuck")
		go stuck.Send(t.Context(), make([]byte, 16<<20))
		synctest.Wait()
		other, taker := openPair(t, p.a, p.b, "other")
		for i := range 1000 {
			if err := other.Send(t.Context(), bytes.Repeat([]byte{byte(i)}, 5000)); err != nil {
				t.Fatal(err)
			}
			if msg, err := taker.Receive(t.Context()); err != nil || len(msg) != 5000 {
				t.Fatal(len(msg), err)
			}
		}
		if n := p.b.Stats().InboxBytes; n > DefaultCredit {
			t.Errorf("%d bytes wait for the receiver that takes nothing", n)
		}
	})
}

// Streams open, talk and end on both sides while the link is cut all the time; each
// carries exactly its own messages in order.
func TestStreamsThroughCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		const streams, messages = 60, 40
		var wg sync.WaitGroup
		for _, dir := range [][2]*Session{{p.a, p.b}, {p.b, p.a}} {
			wg.Go(func() {
				for i := range streams {
					st, err := dir[0].OpenStream(t.Context(), fmt.Sprint("s", i))
					if err != nil {
						t.Error(err)
						return
					}
					wg.Go(func() {
						rng := rand.New(rand.NewPCG(uint64(i), 5))
						for k := range messages {
							msg := bytes.Repeat([]byte(fmt.Sprintf("%s/%d;", st.Name(), k)), 1+rng.IntN(4000))
							if err := st.Send(t.Context(), msg); err != nil {
								t.Error(err)
							}
							time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
						}
						if err := st.CloseSend(t.Context()); err != nil {
							t.Error(err)
						}
						if _, err := st.Receive(t.Context()); err != io.EOF {
							t.Errorf("%s: %v", st.Name(), err)
						}
					})
				}
			})
			wg.Go(func() {
				for range streams {
					st, err := dir[1].AcceptStream(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					wg.Go(func() {
						for k := range messages {
							msg, err := st.Receive(t.Context())
							if unit := fmt.Sprintf("%s/%d;", st.Name(), k); err != nil || len(msg) == 0 || len(bytes.ReplaceAll(msg, []byte(unit), nil)) != 0 {
								t.Errorf("%s, message %d: %.30q, %v", st.Name(), k, msg, err)
								return
							}
						}
						if _, err := st.Receive(t.Context()); err != io.EOF {
							t.Error(err)
						}
						if err := st.CloseSend(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		for cuts := 0; ; cuts++ {
			select {
			case <-done:
				if cuts < 20 {
					t.Errorf("only %d cuts", cuts)
				}
				if x, y := p.a.Stats().Streams, p.b.Stats().Streams; x+y != 0 {
					t.Errorf("%d and %d streams are left", x, y)
				}
				return
			case <-time.After(100 * time.Millisecond):
				p.net.last().cut()
			}
		}
	})
}

// Each side may have so many streams open; who wants more waits until one has ended.
func TestStreamLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		var last *Stream
		for range maxStreams {
			var err error
			if last, err = p.a.OpenStream(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.a.OpenStream(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("stream %d: %v", maxStreams+1, err)
		}
		opened := make(chan error)
		go func() { _, err := p.a.OpenStream(t.Context(), ""); opened <- err }()
		synctest.Wait()
		last.Reset(t.Context())
		if err := <-opened; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if p.b.State() != Active {
			t.Errorf("the peer: %v, %v", p.b.State(), p.b.Err())
		}
	})
}

// §3.2: a reset behind FIN drops nothing of what was finished.
func TestResetBehindFin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		a, b := openPair(t, p.a, p.b, "")
		for _, f := range []func() error{
			func() error { return b.Send(t.Context(), []byte("unwanted")) },
			func() error { return a.Send(t.Context(), []byte("last words")) },
			func() error { return a.CloseSend(t.Context()) },
			func() error { return a.Reset(t.Context()) },
		} {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if msg, err := b.Receive(t.Context()); string(msg) != "last words" {
			t.Fatalf("%q, %v", msg, err)
		}
		if _, err := b.Receive(t.Context()); err != io.EOF {
			t.Error(err)
		}
		if err := b.Send(t.Context(), nil); !errors.Is(err, ErrReset) {
			t.Errorf("Send to a peer that takes nothing: %v", err)
		}
		if err := a.Send(t.Context(), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Send behind CloseSend: %v", err)
		}
		if x, y := p.a.Stats(), p.b.Stats(); x.Streams+y.Streams+x.InboxBytes != 0 {
			t.Errorf("left over: %+v\n%+v", x, y)
		}
	})
}
