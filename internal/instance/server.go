package instance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/metrics"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

const (
	// Goodbyes at exit are bounded: hubs that don't answer find out by themselves.
	closeSessionsWithin = 300 * time.Millisecond
	closeHTTPWithin     = 200 * time.Millisecond
)

// server is the listening side of an instance.
type server struct {
	logger   *slog.Logger
	tools    *mcp.Server
	token    discovery.Token
	acceptor *session.Acceptor
	// listeners are one, or two that differ in the family of their address.
	listeners []net.Listener
	http      *http.Server
	guard     *brum.Guard
	failed    chan error // gets the reason if serving ends by itself

	life  context.Context // of the sessions' MCP connections
	end   context.CancelFunc
	tasks sync.WaitGroup
}

// serve listens and begins to answer.
func (in *Instance) serve(ctx context.Context, guard *brum.Guard, more ...prometheus.Collector) (*server, error) {
	// The text of the token, as it is in the discovery file, is the sessions' key.
	token := newToken()
	counted := metrics.NewSessions(nil)
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{
		Config:      session.Config{Key: []byte(token), Observe: counted.Peer("hub"), Logger: in.logger},
		MaxSessions: in.cfg.MaxConnections,
		Overloaded:  in.cfg.Memory.Exceeded,
	})
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	listeners, err := listen(ctx, in.cfg.Host, in.cfg.Port)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &server{
		logger: in.logger, tools: in.server, token: token, acceptor: acceptor,
		listeners: listeners, guard: guard, failed: make(chan error, len(listeners)),
	}
	s.life, s.end = context.WithCancel(context.Background())
	h := endpoints(s.tools, brum.Handler(acceptor, nil), newExposition(counted, more...), string(token), in.cfg.AllowLegacy,
		wsconn.NewRequestLimit(in.cfg.MaxConnections), in.logger)
	s.http = wsconn.NewServer(h, &wsconn.ServerOptions{Logger: in.logger})
	for _, ln := range listeners {
		s.tasks.Go(func() {
			if err := s.http.Serve(wsconn.Patient(ln, in.logger)); err != http.ErrServerClosed {
				s.failed <- err
			}
		})
		in.logger.Info("listening", "address", ln.Addr().String())
	}
	s.tasks.Go(s.acceptSessions)
	if in.cfg.AllowLegacy {
		in.logger.Warn("--allow-legacy: any program on this machine can use /mcp WITHOUT A TOKEN, "+
			"to run and stop scripts and to read their output", "address", s.addr().String())
	}
	return s, nil
}

// newToken returns the text of 32 random bytes.
func newToken() discovery.Token {
	var b [32]byte
	rand.Read(b[:]) // never fails, as documented
	return discovery.Token(hex.EncodeToString(b[:]))
}

// addr is the first of the addresses; all have the same port.
func (s *server) addr() *net.TCPAddr { return s.listeners[0].Addr().(*net.TCPAddr) }

// answers returns nil once the server has answered a request of its own.
func (s *server) answers(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr().String()+"/health", nil)
	if err != nil {
		return err
	}
	t := &http.Transport{DisableKeepAlives: true} // no proxy
	resp, err := t.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("no answer from itself: %w", err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<10))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("no answer from itself: status %d", resp.StatusCode)
	}
	return nil
}

// acceptSessions gives each new session an MCP connection of its own.
func (s *server) acceptSessions() {
	for {
		sess, err := s.acceptor.Accept(s.life)
		if err != nil {
			return // shutting down
		}
		s.tasks.Go(func() { s.serveSession(sess) })
	}
}

// serveSession returns when the session has ended, and the calls in it.
func (s *server) serveSession(sess *session.Session) {
	logger := s.logger.With("session", sess.ID().String())
	logger.Info("session began")
	s.guard.Watch(sess)
	transport := mcpsession.New(sess)
	transport.CloseTimeout = closeSessionsWithin
	conn, err := s.tools.Connect(s.life, transport, nil)
	if err != nil {
		sess.CloseNow()
		logger.Warn("session without MCP", "error", err)
		return
	}
	lanes := make(chan struct{})
	go func() {
		defer close(lanes)
		s.serveStreams(sess, logger)
	}()
	err = conn.Wait()
	sess.CloseNow()
	<-lanes
	logger.Info("session ended", "reason", err)
}

// serveStreams gives each stream that the peer opens an MCP connection, too, so that what is
// bulky need not stand in the way of everything else. It returns when the session and the
// calls on its streams have ended.
func (s *server) serveStreams(sess *session.Session, logger *slog.Logger) {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		stream, err := sess.AcceptStream(s.life)
		if err != nil {
			return
		}
		conn, err := s.tools.Connect(s.life, mcpsession.New(mcpsession.OnStream(sess, stream)), nil)
		if err != nil {
			logger.Warn("stream without MCP", "stream", stream.Name(), "error", err)
			stream.Reset(s.life)
			continue
		}
		conns.Go(func() { conn.Wait() })
	}
}

// shutdown ends sessions, requests and the listener, and waits for all of it.
func (s *server) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), closeSessionsWithin)
	defer cancel()
	s.acceptor.Close(ctx)

	ctx, cancel = context.WithTimeout(context.Background(), closeHTTPWithin)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	s.end()
	s.tasks.Wait()
}
