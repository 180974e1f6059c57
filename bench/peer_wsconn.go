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

func (wsconnPeer) name() string    { return "wsconn" }
func (wsconnPeer) about() string   { return "brum's WebSocket layer alone, no session" }
func (wsconnPeer) maxMessage() int { return wsconn.MaxPacket }

func (wsconnPeer) serve(l net.Listener, handle func(conn)) error {
	return serveWSConn(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Accept(w, r, nil, func([]byte) ([]byte, bool) { return nil, true })
		if err == nil {
			handle(&wsconnConn{c: c})
		}
	}))
}

func serveWSConn(l net.Listener, h http.Handler) error {
	return wsconn.NewServer(h, &wsconn.ServerOptions{MaxPending: 1024}).Serve(l)
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

func (c *wsconnConn) close() error { return c.c.Close() }
