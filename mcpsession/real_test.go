package mcpsession_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// realEnds is a session over a WebSocket connection through a proxy that can be told to
// misbehave.
func realEnds(t *testing.T) *ends {
	t.Helper()
	cfg := session.Config{
		Key:        []byte("0123456789abcdef"),
		Heartbeat:  100 * time.Millisecond,
		Window:     300 * time.Millisecond,
		MaxMessage: 64 << 10,
	}
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(ln)
	}()
	proxy, err := faultproxy.New(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dialing, err := brum.Dial("ws://"+proxy.Addr(), &cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		dialing.CloseNow()
		acceptor.Close(ctx)
		server.Close()
		<-served
		proxy.Close()
	})
	accepted, err := acceptor.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &ends{t: t, client: dialing, server: accepted, dialing: dialing, proxy: proxy}
}

// streamEnds is one stream of such a session.
func streamEnds(t *testing.T) *ends {
	t.Helper()
	e := realEnds(t)
	dialing, accepting := e.dialing, e.server.(*session.Session)
	opened, err := dialing.OpenStream(t.Context(), "mcp")
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := accepting.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.client, e.server = mcpsession.OnStream(dialing, opened), mcpsession.OnStream(accepting, accepted)
	return e
}

// The end of a connection on a stream is not the end of its session.
func TestStreamEndsAlone(t *testing.T) {
	e := streamEnds(t)
	cs := e.connect(versions[0], nil)
	if err := call(t.Context(), cs, "count", 1); err != nil {
		t.Fatal(err)
	}
	if err := cs.Close(); err != nil {
		t.Error(err)
	}
	if err := call(t.Context(), cs, "count", 2); err == nil {
		t.Error("a call after Close succeeded")
	}
	for s := range e.mcpServer.Sessions() {
		s.Wait()
	}
	if err := e.dialing.Send(t.Context(), []byte("the session goes on")); err != nil || e.dialing.Stats().Streams != 0 {
		t.Errorf("%v, %d streams", err, e.dialing.Stats().Streams)
	}
}
