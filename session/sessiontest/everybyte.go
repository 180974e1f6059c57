package sessiontest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/session"
)

// Serve lets a transport accept for a on n's Listener, or as n.Serve does, and returns the way
// to dial it over n. stop ends what it has started; the network is closed by then.
type Serve func(n *Network, a *session.Acceptor) (dial session.DialFunc, stop func())

// OverNetwork is the transport that a Network itself has.
func OverNetwork(n *Network, a *session.Acceptor) (session.DialFunc, func()) {
	n.Serve(a)
	return n.Dial, func() {}
}

// denseBegin and denseEnd are the parts of an exchange where all the heads are: there every
// byte is tried, unless the stride is large.
const (
	denseBegin = 2048
	denseEnd   = 1024
)

// TestEveryByte runs an exchange that has everything in it (small and large messages, streams,
// their ends, credit, close) over a transport, again and again: the connection dies at another
// byte each time, in each direction and in every way (see Ending). The session must resume,
// and deliver everything once, in order. It runs in virtual time.
//
// Inside of large bodies every stride-th byte is tried, elsewhere every (stride/100)-th;
// a stride of 1 tries them all.
func TestEveryByte(t *testing.T, stride int, serve Serve) {
	for _, d := range []Direction{ToAcceptor, ToDialer} {
		for ending := Closed; ending <= HalfOpen; ending++ {
			t.Run(fmt.Sprintf("%v %v", ending, d), func(t *testing.T) {
				t.Parallel()
				var total int64
				synctest.Test(t, func(t *testing.T) {
					total = exchange(t, serve, Plan{}).Links()[0].Carried(d)
				})
				runs := 0
				for at := int64(0); at < total; runs++ {
					plan := Plan{Fate: Dying, Direction: d, After: at, Ending: ending}
					synctest.Test(t, func(t *testing.T) {
						if dials := exchange(t, serve, plan).Dials(); dials < 2 && at < total-denseEnd {
							t.Errorf("%d dials, and the connection did not live to the end", dials)
						}
					})
					if t.Failed() {
						t.Fatalf("cut at byte %d of %d", at, total)
					}
					if at < denseBegin || at >= total-denseEnd {
						at += int64(max(1, stride/100))
					} else {
						at = min(at+int64(stride), max(total-denseEnd, at+1))
					}
				}
				t.Logf("%d cuts in %d bytes", runs, total)
			})
		}
	}
}

// large is a message of two fragments.
var large = bytes.Repeat([]byte("large "), 5500)

// exchange runs one exchange whose first connection meets the plan.
func exchange(t *testing.T, serve Serve, plan Plan) *Network {
	t.Helper()
	n := NewNetwork()
	n.Plan(plan)
	a, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: testKey}})
	if err != nil {
		t.Fatal(err)
	}
	dial, stop := serve(n, a)
	s, err := session.Dial(dial, &session.Config{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer func() {
		cancel()
		_ = s.CloseNow()
		_ = a.Close(ctx) // at once
		n.Close()
		stop()
	}()

	var all sync.WaitGroup
	all.Go(func() {
		peer, err := a.Accept(ctx)
		if err != nil {
			t.Errorf("Accept: %v", err)
			return
		}
		if err := talk(ctx, peer); err != nil {
			t.Errorf("the accepting side: %v", err)
		}
		if _, err := peer.Receive(ctx); err != io.EOF {
			t.Errorf("the accepting side ended with %v", err)
		}
	})
	if err := talk(ctx, s); err != nil {
		t.Errorf("the dialing side: %v", err)
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	all.Wait()
	return n
}

// talk sends one side's part of the exchange, and checks the other's.
func talk(ctx context.Context, s *session.Session) error {
	sent := make(chan error, 1)
	go func() { sent <- say(ctx, s) }()
	return errors.Join(hear(ctx, s), <-sent)
}

func say(ctx context.Context, s *session.Session) error {
	for i := range 3 {
		if err := s.Send(ctx, fmt.Appendf(nil, "message %d", i)); err != nil {
			return err
		}
	}
	kept, err := s.OpenStream(ctx, "kept")
	if err != nil {
		return err
	}
	dropped, err := s.OpenStream(ctx, "dropped")
	if err != nil {
		return err
	}
	return errors.Join(
		kept.Send(ctx, []byte("on a stream")), dropped.Send(ctx, []byte("dropped or not")),
		kept.CloseSend(ctx), dropped.Reset(ctx), s.Send(ctx, large), s.Send(ctx, []byte("last")))
}

func hear(ctx context.Context, s *session.Session) error {
	receive := func(from interface {
		Receive(context.Context) ([]byte, error)
	}, want string) error {
		if got, err := from.Receive(ctx); err != nil || string(got) != want {
			return fmt.Errorf("received %.20q (%d bytes), %w; want %.20q", got, len(got), err, want)
		}
		return nil
	}
	for _, want := range []string{"message 0", "message 1", "message 2", string(large), "last"} {
		if err := receive(s, want); err != nil {
			return err
		}
	}
	for _, name := range []string{"kept", "dropped"} {
		st, err := s.AcceptStream(ctx)
		if err != nil || st.Name() != name {
			return fmt.Errorf("accepted %v, %w; want %q", st, err, name)
		}
		if name == "dropped" {
			if _, err := st.Receive(ctx); !errors.Is(err, session.ErrReset) {
				return fmt.Errorf("on a stream that was reset: %w", err)
			}
			continue
		}
		if err := receive(st, "on a stream"); err != nil {
			return err
		}
		if _, err := st.Receive(ctx); err != io.EOF {
			return fmt.Errorf("at the end of a stream: %w", err)
		}
	}
	return nil
}
