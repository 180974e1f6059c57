package main

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// gorillaPeer is bare github.com/gorilla/websocket with write buffers from a pool, large
// enough that a message of 64 KiB is one frame.
type gorillaPeer struct{}

func (gorillaPeer) name() string { return "gorilla" }
func (gorillaPeer) about() string {
	return "bare gorilla/websocket, pooled write buffers of 64 KiB, NextReader into a reused buffer"
}
func (gorillaPeer) gives() string {
	return "order; what is in flight when the connection breaks is lost"
}
func (gorillaPeer) maxMessage() int { return 0 }

const gorillaBuffer = 64<<10 + 14 // and a frame's head

var gorillaPool sync.Pool

func (gorillaPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	up := websocket.Upgrader{WriteBufferSize: gorillaBuffer, WriteBufferPool: &gorillaPool}
	return serveHTTP(ctx, l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ws, err := up.Upgrade(w, r, nil); err == nil {
			serveSource(&gorillaConn{ws: ws}, accept)
		}
	})})
}

func (gorillaPeer) dial(addr string) (conn, error) {
	d := websocket.Dialer{WriteBufferSize: gorillaBuffer, WriteBufferPool: &gorillaPool}
	ws, _, err := d.Dial("ws://"+addr, nil)
	if err != nil {
		return nil, err
	}
	return &gorillaConn{ws: ws}, nil
}

type gorillaConn struct {
	ws      *websocket.Conn
	writing sync.Mutex
	buf     []byte
}

func (c *gorillaConn) send(msg []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.ws.WriteMessage(websocket.BinaryMessage, msg)
}

func (c *gorillaConn) receive() ([]byte, error) {
	_, r, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	c.buf, err = readInto(r, c.buf[:0])
	return c.buf, err
}

func (c *gorillaConn) each(f func([]byte) bool) error { return pull(c, f) }
func (c *gorillaConn) close() error                   { return c.ws.Close() }
