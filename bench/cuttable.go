package main

import (
	"net"
	"sync"
)

// cuttable is a listener that can reset all connections it has accepted. It hands out the
// connections as they are, so that it costs nobody anything.
type cuttable struct {
	net.Listener
	mu       sync.Mutex
	accepted []*net.TCPConn
}

func (l *cuttable) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		l.mu.Lock()
		l.accepted = append(l.accepted, tcp)
		l.mu.Unlock()
	}
	return c, err
}

// cut resets them and returns how many there were; those that had ended already count, too.
func (l *cuttable) cut() int {
	l.mu.Lock()
	cut := l.accepted
	l.accepted = nil
	l.mu.Unlock()
	for _, c := range cut {
		c.SetLinger(0)
		c.Close()
	}
	return len(cut)
}
