package main

import (
	"context"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// coderPeer is bare github.com/coder/websocket. Compression is off. It is given contexts that
// cannot be cancelled, which is its fastest way.
type coderPeer struct {
	reuse bool // Reader into a buffer that is used again, rather than Read
}

func (p coderPeer) name() string {
	if p.reuse {
		return "coder"
	}
	return "coder-read"
}

func (p coderPeer) about() string {
	if p.reuse {
		return "bare coder/websocket, Reader into a reused buffer"
	}
	return "bare coder/websocket, Read"
}

func (coderPeer) gives() string   { return "order; what is in flight when the connection breaks is lost" }
func (coderPeer) maxMessage() int { return 0 }

func (p coderPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	return serveHTTP(ctx, l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
		if err == nil {
			serveSource(p.wrap(ws), accept)
		}
	})})
}

func (p coderPeer) dial(addr string) (conn, error) {
	ws, err := dialCoder(addr)
	if err != nil {
		return nil, err
	}
	return p.wrap(ws), nil
}

func dialCoder(addr string) (*websocket.Conn, error) {
	ws, _, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{
		CompressionMode: websocket.CompressionDisabled,
	})
	return ws, err
}

func (p coderPeer) wrap(ws *websocket.Conn) *coderConn {
	ws.SetReadLimit(-1)
	return &coderConn{ws: ws, reuse: p.reuse}
}

type coderConn struct {
	ws    *websocket.Conn
	reuse bool
	buf   []byte
}

func (c *coderConn) send(msg []byte) error {
	return c.ws.Write(context.Background(), websocket.MessageBinary, msg)
}

func (c *coderConn) receive() ([]byte, error) {
	if !c.reuse {
		_, msg, err := c.ws.Read(context.Background())
		return msg, err
	}
	_, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return nil, err
	}
	c.buf, err = readInto(r, c.buf[:0])
	return c.buf, err
}

func (c *coderConn) each(f func([]byte) bool) error { return pull(c, f) }
func (c *coderConn) close() error                   { return c.ws.CloseNow() }
