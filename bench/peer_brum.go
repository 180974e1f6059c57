package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
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
	return serveWSConn(l, func(w http.ResponseWriter, r *http.Request) {
		var at *session.Attachment
		c, err := wsconn.Accept(w, r, nil, func(request []byte) ([]byte, bool) {
			at = acceptor.Attach(request)
			return at.Reply(), at.Accepted()
		})
		switch {
		case err == nil:
			at.Bind(c)
		case at != nil && at.Accepted():
			at.Abort(err)
		}
	})
}

func (p brumPeer) dial(addr string) (conn, error) {
	s, err := session.Dial(func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
		c, reply, err := wsconn.Dial(ctx, "ws://"+addr, request, nil)
		if c == nil {
			return nil, reply, err
		}
		return c, reply, err
	}, &session.Config{Key: benchKey})
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
