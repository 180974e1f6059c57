package brum_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
	"github.com/standardbeagle/brum/wsconn"
)

func newServer(a *session.Acceptor) *http.Server {
	return wsconn.NewServer(brum.Handler(a, nil), &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
}

// overWebSockets is brum's transport on a network in memory.
func overWebSockets(n *sessiontest.Network, a *session.Acceptor) (session.DialFunc, func()) {
	server := newServer(a)
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(n.Listener())
	}()
	dial := brum.Dialer("ws://127.0.0.1", &wsconn.DialOptions{
		DialContext: n.DialContext,
		Proxy:       func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	return dial, func() {
		server.Close()
		<-served
	}
}

func TestTransport(t *testing.T) {
	t.Run("loopback", func(t *testing.T) {
		sessiontest.TestTransport(t, func(t *testing.T, a *session.Acceptor) session.DialFunc {
			return brum.Dialer("ws://"+listen(t, newServer(a)), nil)
		})
	})
	t.Run("memory", func(t *testing.T) {
		sessiontest.TestTransport(t, func(t *testing.T, a *session.Acceptor) session.DialFunc {
			n := sessiontest.NewNetwork()
			dial, stop := overWebSockets(n, a)
			t.Cleanup(func() {
				n.Close()
				stop()
			})
			return dial
		})
	})
}

// The bytes that are cut are those of HTTP and WebSocket, upgrade and all: some of them here,
// every one with EVERY_BYTE=1 (make integration-test).
func TestEveryByte(t *testing.T) {
	stride := 5000
	if os.Getenv("EVERY_BYTE") != "" {
		stride = 1
	}
	sessiontest.TestEveryByte(t, stride, overWebSockets)
}
