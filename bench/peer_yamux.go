package main

import (
	"context"
	"io"
	"net"

	"github.com/hashicorp/yamux"
)

// yamuxPeer is one stream of a github.com/hashicorp/yamux session over TCP, with writes
// gathered as for bare TCP and a window that does not limit it.
type yamuxPeer struct{}

func (yamuxPeer) name() string { return "yamux" }
func (yamuxPeer) about() string {
	return "hashicorp/yamux over TCP, one stream, a length before each message, writes gathered, window 16 MiB"
}
func (yamuxPeer) gives() string {
	return "order, streams; what is in flight when the connection breaks is lost"
}
func (yamuxPeer) maxMessage() int { return 0 }

func yamuxConfig() *yamux.Config {
	c := yamux.DefaultConfig()
	c.MaxStreamWindowSize = 16 << 20
	c.LogOutput = io.Discard
	return c
}

func (yamuxPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	return serveConns(ctx, l, func(c net.Conn) {
		s, err := yamux.Server(c, yamuxConfig())
		if err != nil {
			c.Close()
			return
		}
		defer s.Close()
		for {
			stream, err := s.AcceptStream()
			if err != nil {
				return
			}
			go serveSource(newGatherer(stream), accept)
		}
	})
}

func (yamuxPeer) dial(addr string) (conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	s, err := yamux.Client(c, yamuxConfig())
	if err != nil {
		c.Close()
		return nil, err
	}
	stream, err := s.OpenStream()
	if err != nil {
		s.Close()
		return nil, err
	}
	return yamuxConn{newGatherer(stream), s}, nil
}

type yamuxConn struct {
	*gatherer
	session *yamux.Session
}

func (c yamuxConn) close() error {
	c.gatherer.close()
	return c.session.Close()
}

func (c yamuxConn) lane() (conn, error) {
	stream, err := c.session.OpenStream()
	if err != nil {
		return nil, err
	}
	return newGatherer(stream), nil
}
