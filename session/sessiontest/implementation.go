package sessiontest

import (
	"context"
	"sync"
	"testing"

	"github.com/standardbeagle/brum/session"
)

// Implementation is one of the protocol, with an application on it that behaves as Echo does,
// and default limits: heartbeat, window, 256 streams, a credit of 256 KiB. All that it starts
// has to end by the end of the test, in t.Cleanup.
//
// TestPeer runs it in virtual time (testing/synctest), so it may reach nothing outside.
type Implementation struct {
	// Accept starts an accepting side that holds key and returns the way to reach it.
	Accept func(t *testing.T, key []byte) session.DialFunc
	// Dial starts a dialing side that holds key and connects through dial.
	Dial func(t *testing.T, key []byte, dial session.DialFunc)
}

func acceptEcho(t *testing.T, key []byte) session.DialFunc {
	a, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	n := NewNetwork()
	n.Serve(a)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			s, err := a.Accept(ctx)
			if err != nil {
				return
			}
			wg.Go(func() { Echo(ctx, s) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = a.Close(ctx) // at once
		n.Close()
		wg.Wait()
	})
	return n.Dial
}

func dialEcho(t *testing.T, key []byte, dial session.DialFunc) {
	s, err := session.Dial(dial, &session.Config{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { Echo(ctx, s) })
	t.Cleanup(func() {
		cancel()
		_ = s.CloseNow()
		wg.Wait()
	})
}
