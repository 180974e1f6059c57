package main

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/standardbeagle/brum/wsconn"
)

// wsconnPeer is brum's WebSocket layer without the session above it: it shows what of the
// difference is whose.
type wsconnPeer struct{}

func (wsconnPeer) name() string  { return "wsconn" }
func (wsconnPeer) about() string { return "brum's WebSocket layer alone, no session" }
func (wsconnPeer) gives() string {
	return "order; what is in flight when the connection breaks is lost"
}
func (wsconnPeer) maxMessage() int { return wsconn.MaxPacket }

func (wsconnPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Accept(w, r, nil, func([]byte) ([]byte, bool) { return nil, true })
		if err == nil {
			serveSource(&wsconnConn{c: c}, accept)
		}
	})
	return serveHTTP(ctx, l, wsconn.NewServer(h, &wsconn.ServerOptions{MaxPending: many}))
}

func (wsconnPeer) dial(addr string) (conn, error) {
	c, _, err := wsconn.Dial(context.Background(), "ws://"+addr, nil, nil)
	if err != nil {
		return nil, err
	}
	return &wsconnConn{c: c}, nil
}

type wsconnConn struct {
	c       *wsconn.Conn
	writing sync.Mutex
	buf     []byte
}

func (c *wsconnConn) send(msg []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.c.WritePacket(nil, msg)
}

func (c *wsconnConn) receive() ([]byte, error) {
	r, err := c.c.Next()
	if err != nil {
		return nil, err
	}
	c.buf, err = readInto(r, c.buf[:0])
	return c.buf, err
}

func (c *wsconnConn) each(f func([]byte) bool) error { return pull(c, f) }
func (c *wsconnConn) close() error                   { return c.c.Close() }
