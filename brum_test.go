package brum_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/standardbeagle/brum"
	brumerrors "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = []byte("0123456789abcdef")

// quick makes dead links known soon.
var quick = session.Config{Key: key, Heartbeat: 100 * time.Millisecond, Window: 300 * time.Millisecond}

// serve runs an acceptor on loopback and returns it with its address.
func serve(t testing.TB, cfg session.Config) (*session.Acceptor, string) {
	t.Helper()
	a, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	address := listen(t, newServer(a))
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		a.Close(ctx)
	})
	return a, address
}

// listen runs a server on loopback until the end of the test.
func listen(t testing.TB, server *http.Server) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(ln)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return ln.Addr().String()
}

// join returns the two ends of a session through a faulty network.
func join(t *testing.T, cfg session.Config) (dialing, accepting *session.Session, p *faultproxy.Proxy) {
	t.Helper()
	a, address := serve(t, cfg)
	p, err := faultproxy.New(address)
	if err != nil {
		t.Fatal(err)
	}
	dialing, err = brum.Dial("ws://"+p.Addr(), &cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dialing.CloseNow()
		p.Close()
	})
	accepting, err = a.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dialing, accepting, p
}

func TestOrderlyClose(t *testing.T) {
	a, b, _ := join(t, quick)
	for i := range byte(100) {
		if err := a.Send(t.Context(), []byte{i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	for i := range byte(100) {
		if msg, err := b.Receive(t.Context()); err != nil || len(msg) != 1 || msg[0] != i {
			t.Fatalf("message %d: %x, %v", i, msg, err)
		}
	}
	if _, err := b.Receive(t.Context()); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestWrongKeyIsRefusedForGood(t *testing.T) {
	_, address := serve(t, quick)
	cfg := quick
	cfg.Key = []byte("another key, as long")
	s, err := brum.Dial("ws://"+address, &cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseNow()
	<-s.Done()
	if !errors.Is(s.Err(), session.ErrUnauthorized) || brumerrors.Of(s.Err()) == brumerrors.Unknown {
		t.Errorf("%v", s.Err())
	}
}

func TestNoSessionsHere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := wsconn.NewServer(nil, nil) // 404 for everything
	go server.Serve(ln)
	defer server.Close()
	s, err := brum.Dial("ws://"+ln.Addr().String(), &quick, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseNow()
	<-s.Done()
	if e, ok := errors.AsType[*wsconn.StatusError](s.Err()); !ok || e.Status != 404 {
		t.Errorf("%v", s.Err())
	}
}

// Numbered messages go both ways while the network is cut in all kinds of ways.
func TestNothingIsLostDoubledOrReordered(t *testing.T) {
	const messages, cuts = 2000, 10
	a, b, p := join(t, quick)
	started := time.Now()

	var all sync.WaitGroup
	enough := make(chan struct{}) // the cuts are done: no need to be slow any more
	for _, s := range []*session.Session{a, b} {
		all.Go(func() {
			for i := range uint64(messages) {
				msg := make([]byte, 8+i%700)
				binary.BigEndian.PutUint64(msg, i)
				if err := s.Send(t.Context(), msg); err != nil {
					t.Errorf("message %d: %v", i, err)
					return
				}
				if i%(messages/100) == 0 { // spread over the cuts
					select {
					case <-enough:
					case <-time.After(30 * time.Millisecond):
					}
				}
			}
		})
		all.Go(func() {
			for i := range uint64(messages) {
				msg, err := s.Receive(t.Context())
				if err != nil {
					t.Errorf("message %d: %v", i, err)
					return
				}
				if n := binary.BigEndian.Uint64(msg); n != i || len(msg) != int(8+i%700) {
					t.Errorf("message %d of %d bytes arrived as number %d", n, len(msg), i)
					return
				}
			}
		})
	}
	d := faultproxy.NewDriver(p, 7)
	for range cuts {
		if err := a.WaitActive(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Step(t.Context(), faultproxy.AllTroubles(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	close(enough)
	all.Wait()
	if n := a.Stats().Resumes; n == 0 {
		t.Error("the session was never resumed")
	} else {
		t.Logf("%d resumes in %v; %+v", n, time.Since(started), p.Counters())
	}
}
