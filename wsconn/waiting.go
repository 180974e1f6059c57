package wsconn

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// gate keeps what connections of a server wait for their client to say something, those
// before their first request apart from those between requests.
type gate struct {
	fresh, idle *waiting
}

// connState is an http.Server's hook. The server calls it with StateNew where it accepts,
// and with another state as soon as the first header was read or the connection is gone.
func (g *gate) connState(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		g.fresh.add(c)
	case http.StateIdle:
		g.idle.add(c)
	default:
		g.fresh.remove(c)
		g.idle.remove(c)
	}
}

// waiting is a bounded number of connections, each for a bounded time. Giving up the oldest,
// not the newest, is what lets an honest client through while others hold connections open:
// it needs only a moment.
type waiting struct {
	max   int
	limit time.Duration

	mu    sync.Mutex // guards following
	conns map[net.Conn]*list.Element
	order list.List // of *waitingConn, the oldest first
}

type waitingConn struct {
	conn  net.Conn
	timer *time.Timer
}

func newWaiting(max int, limit time.Duration) *waiting {
	return &waiting{max: max, limit: limit, conns: make(map[net.Conn]*list.Element)}
}

func (w *waiting) add(c net.Conn) {
	w.mu.Lock()
	var oldest net.Conn
	if w.order.Len() >= w.max {
		oldest = w.order.Front().Value.(*waitingConn).conn
		w.removeLocked(oldest)
	}
	w.conns[c] = w.order.PushBack(&waitingConn{
		conn:  c,
		timer: time.AfterFunc(w.limit, func() { w.expire(c) }),
	})
	w.mu.Unlock()

	if oldest != nil {
		closeNow(oldest)
	}
}

func (w *waiting) remove(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.removeLocked(c)
}

func (w *waiting) removeLocked(c net.Conn) bool {
	e, ok := w.conns[c]
	if !ok {
		return false
	}
	w.order.Remove(e).(*waitingConn).timer.Stop()
	delete(w.conns, c)
	return true
}

func (w *waiting) expire(c net.Conn) {
	if w.remove(c) {
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
