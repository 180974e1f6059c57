package main

import (
	"context"
	"fmt"
	"net"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
)

// brumPeer is a resumable session over a WebSocket, with default settings.
type brumPeer struct {
	reuse bool // ReceiveAppend into a buffer that is used again, rather than Receive
}

var benchKey = []byte("the key of both benchmark processes")

func (p brumPeer) name() string {
	if p.reuse {
		return "brum-append"
	}
	return "brum-receive"
}

func (p brumPeer) about() string {
	if p.reuse {
		return "brum session, ReceiveAppend into a reused buffer"
	}
	return "brum session, Receive"
}

func (brumPeer) maxMessage() int { return 0 }

func (p brumPeer) serve(l net.Listener, handle func(conn)) error {
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{
		Config:      session.Config{Key: benchKey},
		MaxSessions: 1 << 20,
	})
	if err != nil {
		return err
	}
	go func() {
		for {
			s, err := acceptor.Accept(context.Background())
			if err != nil {
				return
			}
			go handle(&brumConn{s: s, reuse: p.reuse})
		}
	}()
	return serveWSConn(l, brum.Handler(acceptor, nil))
}

func (p brumPeer) dial(addr string) (conn, error) {
	s, err := brum.Dial("ws://"+addr, &session.Config{Key: benchKey}, nil)
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

func (c *brumConn) close() error {
	if err := c.s.CloseNow(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
