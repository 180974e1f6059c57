package httpconn

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// countedConn counts the writes that took anything, those under way included.
type countedConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	n, err := c.Conn.Write(b)
	if n == 0 && err != nil {
		c.writes.Add(-1)
	}
	return n, err
}

// departure knows the connections that one request was given; the transport tries another
// if nothing could be written to the first.
type departure struct {
	mu    sync.Mutex
	conns []connUse
}

type connUse struct {
	conn   *countedConn
	before int64
}

func (d *departure) got(info httptrace.GotConnInfo) {
	c := info.Conn
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	counted := c.(*countedConn) // all are
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, connUse{counted, counted.writes.Load()})
}

// left reports whether anything of the request was written. After ctx's end the transport may
// not have finished with it: then what could be written counts.
func (d *departure) left(ctx context.Context) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range d.conns {
		if ctx.Err() != nil || u.conn.writes.Load() > u.before {
			return true
		}
	}
	return false
}
