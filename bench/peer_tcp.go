package main

import (
	"context"
	"net"
)

// tcpPeer is as little as can be: what the machine gives to anybody.
type tcpPeer struct{}

func (tcpPeer) name() string { return "tcp" }
func (tcpPeer) about() string {
	return "bare TCP, a length before each message, writes gathered: as fast as the machine goes (its buffers are no one's idea of idle)"
}
func (tcpPeer) gives() string   { return "order; what is in flight when the connection breaks is lost" }
func (tcpPeer) maxMessage() int { return 0 }

func (tcpPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	return serveConns(ctx, l, func(c net.Conn) { serveSource(newGatherer(c), accept) })
}

func (tcpPeer) dial(addr string) (conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return newGatherer(c), nil
}

// serveConns calls handle for each connection, in a goroutine of its own, until ctx is done.
func serveConns(ctx context.Context, l net.Listener, handle func(net.Conn)) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go handle(c)
	}
}
