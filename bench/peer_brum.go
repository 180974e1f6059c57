package main

import (
	"context"
	"net"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// brumPeer is a resumable session over a WebSocket, with default settings.
type brumPeer struct {
	reuse bool // ReceiveAppend into a buffer that is used again, rather than Receive
	// tune changes what the defaults are not made for; nil leaves them.
	tune func(*session.Config)
	// session is told of each session of the server; nil: nothing but its main stream is used.
	session func(*session.Session, func(sender) receiver)
}

var benchKey = []byte("the key of both benchmark processes")

// many is more connections at a time than any scenario has.
const many = 1 << 15

func (p brumPeer) name() string {
	if p.reuse {
		return "brum"
	}
	return "brum-receive"
}

func (p brumPeer) about() string {
	if p.reuse {
		return "brum session, ReceiveAppend into a reused buffer"
	}
	return "brum session, Receive"
}

func (brumPeer) gives() string {
	return "order and exactly once across reconnects (numbers, acknowledgements, replay, digest), credit, watchdog, streams"
}

func (brumPeer) maxMessage() int { return 0 }

func (p brumPeer) config() *session.Config {
	cfg := &session.Config{Key: benchKey}
	if p.tune != nil {
		p.tune(cfg)
	}
	return cfg
}

func (p brumPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{
		Config:      *p.config(),
		MaxSessions: many,
		MaxDetached: many,
	})
	if err != nil {
		return err
	}
	go func() {
		for {
			s, err := acceptor.Accept(ctx)
			if err != nil {
				return
			}
			go serveSource(&brumConn{s: s, reuse: p.reuse}, accept)
			if p.session != nil {
				go p.session(s, accept)
			}
		}
	}()
	err = serveHTTP(ctx, l, wsconn.NewServer(brum.Handler(acceptor, nil), &wsconn.ServerOptions{MaxPending: many}))
	acceptor.Close(ctx)
	return err
}

func (p brumPeer) dial(addr string) (conn, error) {
	s, err := brum.Dial("ws://"+addr, p.config(), nil)
	if err != nil {
		return nil, err
	}
	return &brumConn{s: s, reuse: p.reuse}, nil
}

type brumConn struct {
	s     *session.Session
	reuse bool
	buf   []byte
}

func (c *brumConn) send(msg []byte) error { return c.s.Send(context.Background(), msg) }

func (c *brumConn) receive() (msg []byte, err error) {
	if !c.reuse {
		return c.s.Receive(context.Background())
	}
	c.buf, err = c.s.ReceiveAppend(context.Background(), c.buf[:0])
	return c.buf, err
}

func (c *brumConn) each(f func([]byte) bool) error { return pull(c, f) }
func (c *brumConn) close() error                   { return c.s.CloseNow() }
