package main

import (
	"context"

	"github.com/standardbeagle/brum/session"
)

const (
	wideName    = "brum-wide"
	streamsName = "brum-streams"
)

// widePeer is brum with windows for long paths.
type widePeer struct{ brumPeer }

func newWidePeer() peer        { return widePeer{brumPeer{reuse: true, tune: wide}} }
func (widePeer) name() string  { return wideName }
func (widePeer) about() string { return "brum session, windows of 32 to 64 MiB" }

func wide(cfg *session.Config) {
	cfg.ReplayBytes, cfg.Credit, cfg.MaxCredit = 64<<20, 32<<20, 64<<20
}

// streamsPeer is brum with a server that takes streams, too.
type streamsPeer struct{ brumPeer }

func newStreamsPeer() peer        { return streamsPeer{brumPeer{reuse: true, session: acceptStreams}} }
func (streamsPeer) name() string  { return streamsName }
func (streamsPeer) about() string { return "brum session with a second stream" }

func acceptStreams(s *session.Session, accept func(sender) receiver) {
	for {
		st, err := s.AcceptStream(context.Background())
		if err != nil {
			return
		}
		go serveSource(&brumStream{st: st}, accept)
	}
}

func (c *brumConn) lane() (conn, error) {
	st, err := c.s.OpenStream(context.Background(), "bench")
	if err != nil {
		return nil, err
	}
	return &brumStream{st: st}, nil
}

// brumStream takes messages as they are: to append large ones to a buffer would copy them.
type brumStream struct{ st *session.Stream }

func (c *brumStream) send(msg []byte) error { return c.st.Send(context.Background(), msg) }

func (c *brumStream) receive() ([]byte, error) { return c.st.Receive(context.Background()) }

func (c *brumStream) each(f func([]byte) bool) error { return pull(c, f) }
func (c *brumStream) close() error                   { return c.st.Reset(context.Background()) }
