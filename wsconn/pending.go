package wsconn

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// pending keeps the connections of a server that have not completed the header of their
// first request. Refusing the oldest, not the newest, is what lets an honest client through
// while others hold connections open: it needs only a moment.
type pending struct {
	max   int
	limit time.Duration

	mu    sync.Mutex // guards following
	conns map[net.Conn]*list.Element
	order list.List // of *pendingConn, the oldest first
}

type pendingConn struct {
	conn  net.Conn
	timer *time.Timer
}

func newPending(max int, limit time.Duration) *pending {
	return &pending{max: max, limit: limit, conns: make(map[net.Conn]*list.Element)}
}

// connState is an http.Server's hook. The server calls it with StateNew where it accepts,
// and with another state as soon as the first header was read or the connection is gone.
func (p *pending) connState(c net.Conn, s http.ConnState) {
	if s == http.StateNew {
		p.add(c)
	} else {
		p.remove(c)
	}
}

func (p *pending) add(c net.Conn) {
	p.mu.Lock()
	var oldest net.Conn
	if p.order.Len() >= p.max {
		oldest = p.order.Front().Value.(*pendingConn).conn
		p.removeLocked(oldest)
	}
	p.conns[c] = p.order.PushBack(&pendingConn{
		conn:  c,
		timer: time.AfterFunc(p.limit, func() { p.expire(c) }),
	})
	p.mu.Unlock()

	if oldest != nil {
		closeNow(oldest)
	}
}

func (p *pending) remove(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.removeLocked(c)
}

func (p *pending) removeLocked(c net.Conn) bool {
	e, ok := p.conns[c]
	if !ok {
		return false
	}
	p.order.Remove(e).(*pendingConn).timer.Stop()
	delete(p.conns, c)
	return true
}

func (p *pending) expire(c net.Conn) {
	if p.remove(c) {
		closeNow(c)
	}
}

// closeNow closes without TLS's goodbye, which could block the accept loop.
func closeNow(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.Close()
}
