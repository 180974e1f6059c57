package main

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// coderPeer is bare github.com/coder/websocket: no acknowledgements, no resume. Compression
// is off. It is given contexts that cannot be cancelled, which is its fastest way.
type coderPeer struct {
	reuse bool // Reader into a buffer that is used again, rather than Read
}

func (p coderPeer) name() string {
	if p.reuse {
		return "coder-reader"
	}
	return "coder-read"
}

func (p coderPeer) about() string {
	if p.reuse {
		return "bare coder/websocket, Reader into a reused buffer"
	}
	return "bare coder/websocket, Read"
}

func (coderPeer) maxMessage() int { return 0 }

func (p coderPeer) serve(l net.Listener, handle func(conn)) error {
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
		if err != nil {
			return
		}
		handle(p.wrap(ws))
	}))
}

func (p coderPeer) dial(addr string) (conn, error) {
	ws, _, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	return p.wrap(ws), nil
}

func (p coderPeer) wrap(ws *websocket.Conn) conn {
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

func (c *coderConn) close() error { return c.ws.CloseNow() }

// readInto appends all of r to buf.
func readInto(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
