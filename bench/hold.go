package main

import (
	"context"
	"net"
	"time"
)

// runHolder is a process that has many idle connections to a server, until its standard input
// ends. It says so when it has them.
func runHolder(name, addr string, n int) error {
	p, err := findPeer(name)
	if err != nil {
		return err
	}
	conns, err := openIdle(p, addr, n)
	defer func() { closeAll(conns) }()
	if err != nil {
		return err
	}
	for _, c := range conns {
		go c.each(func([]byte) bool { return true })
		if ws, ok := c.(*coderConn); ok {
			go ws.heartbeat()
		}
	}
	return answerQuestions("", &cuttable{Listener: noListener{}}, nil)
}

const heartbeatEvery = 15 * time.Second

// heartbeat pings as often as a session of brum does, which takes no more of the application
// than this.
func (c *coderConn) heartbeat() {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for range tick.C {
		if c.ws.Ping(context.Background()) != nil {
			return
		}
	}
}

// noListener is the listener of a process that listens nowhere.
type noListener struct{}

func (noListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (noListener) Close() error              { return nil }
func (noListener) Addr() net.Addr            { return &net.TCPAddr{} }
