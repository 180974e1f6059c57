//go:build sleep && linux

package main

import (
	"context"
	"net"
	"sync"
	"time"
)

// writes remembers when anything was written to any of the connections that it has opened.
type writes struct {
	mu   sync.Mutex
	last []time.Time
}

func (w *writes) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return writingConn{c, w}, nil
}

// after is the first write after t, zero if there was none.
func (w *writes) after(t time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, at := range w.last {
		if at.After(t) {
			return at
		}
	}
	return time.Time{}
}

type writingConn struct {
	net.Conn
	writes *writes
}

func (c writingConn) Write(b []byte) (int, error) {
	c.writes.mu.Lock()
	c.writes.last = append(c.writes.last, now())
	c.writes.mu.Unlock()
	return c.Conn.Write(b)
}
