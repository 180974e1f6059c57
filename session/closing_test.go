package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// §7.2: nothing follows END. Whoever waits for room while the session closes, or comes later,
// gets ErrClosed at once; the close goes on and everything that was accepted is delivered.
func TestNothingIsSentBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{ReplayBytes: 3 * largeBlock})
		defer p.end()
		st, err := p.a.OpenStream(t.Context(), "other")
		if err != nil {
			t.Fatal(err)
		}
		p.net.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
		p.net.last().cut()
		msg := bytes.Repeat([]byte("m"), 1000)
		accepted := 0
		for ; p.a.TrySend(msg) == nil; accepted++ {
		}
		waiting := make(chan error, 2)
		go func() { waiting <- p.a.Send(t.Context(), msg) }()
		go func() { waiting <- st.Send(t.Context(), bytes.Repeat(msg, 100)) }() // in fragments
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- p.a.Close(t.Context()) }()
		synctest.Wait()
		for range 2 {
			if err := <-waiting; !errors.Is(err, ErrClosed) {
				t.Fatalf("a send that waits while the session closes: %v", err)
			}
		}
		if err := st.CloseSend(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("CloseSend behind a close: %v", err)
		}
		if err := st.Reset(t.Context()); err != nil {
			t.Errorf("Reset behind a close: %v", err)
		}
		if _, err := st.Receive(t.Context()); !errors.Is(err, ErrReset) {
			t.Errorf("Receive behind a reset: %v", err)
		}
		p.net.set(func(n *network) { n.down = nil })
		for range accepted {
			want(t, p.b, string(msg))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.b.Receive(ctx); err != io.EOF {
			t.Errorf("behind the last message: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}
