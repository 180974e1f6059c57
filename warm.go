package brum

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/standardbeagle/brum/wsconn"
)

// A connection that was opened ahead is kept so long, and its opening may take so long.
const (
	warmFor     = 3 * time.Second
	warmTimeout = 2 * time.Second
)

type dialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// warmDialer opens a TCP connection ahead of the dial that needs it, to where the last one
// went. A nil one does nothing.
type warmDialer struct {
	open dialContext

	mu sync.Mutex
	// guards following
	network, address string // of the last dial
	ahead            *warmConn
	closed           bool // nothing is opened ahead any more
}

// warmConn is a connection that is being opened, or is there and waits.
type warmConn struct {
	network, address string
	ready            chan struct{} // closed when conn and err are set
	conn             net.Conn
	err              error
	cancel           context.CancelFunc
	expiry           *time.Timer
}

func newWarmDialer(open dialContext) *warmDialer {
	if open == nil {
		open = wsconn.DialTCP
	}
	return &warmDialer{open: open}
}

// warmUp begins to open a connection, unless one is being opened or is there. It does not wait.
func (d *warmDialer) warmUp() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ahead != nil || d.address == "" || d.closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	w := &warmConn{network: d.network, address: d.address, ready: make(chan struct{}), cancel: cancel}
	w.expiry = time.AfterFunc(warmFor, func() { d.expire(w) })
	d.ahead = w
	go func() {
		defer cancel()
		w.conn, w.err = d.open(ctx, w.network, w.address)
		close(w.ready)
	}()
}

// expire closes w, if it is still the one that waits.
func (d *warmDialer) expire(w *warmConn) {
	d.mu.Lock()
	mine := d.ahead == w
	if mine {
		d.ahead = nil
	}
	d.mu.Unlock()
	if mine {
		w.discard()
	}
}

// discard closes a connection that nobody wants, now or when it has been opened.
func (w *warmConn) discard() {
	w.expiry.Stop()
	w.cancel()
	go func() {
		<-w.ready
		if w.conn != nil {
			w.conn.Close()
		}
	}()
}

// take returns the connection if it is there and goes where it should. It does not wait for
// one that is being opened: its request may have been lost before the network was up.
func (w *warmConn) take(network, address string) net.Conn {
	select {
	case <-w.ready:
		if w.err == nil && w.network == network && w.address == address {
			w.expiry.Stop()
			return w.conn
		}
	default:
	}
	w.discard()
	return nil
}

// dial takes the connection that was opened ahead, or opens one.
func (d *warmDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	w := d.ahead
	d.ahead, d.network, d.address = nil, network, address
	d.mu.Unlock()
	if w != nil {
		if conn := w.take(network, address); conn != nil {
			return wsconn.Ahead(conn), nil
		}
	}
	return d.open(ctx, network, address)
}

// drop closes what was opened ahead.
func (d *warmDialer) drop() {
	if d == nil {
		return
	}
	d.mu.Lock()
	w := d.ahead
	d.ahead = nil
	d.mu.Unlock()
	if w != nil {
		w.discard()
	}
}

// close drops what was opened ahead, for good. Dials go on without.
func (d *warmDialer) close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.drop()
}
