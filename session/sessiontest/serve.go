package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/standardbeagle/brum/session"
)

// What stands before the reply to an attach.
const (
	isRefused  = 0
	isAccepted = 1
)

// Dial is a session.DialFunc: it reaches the acceptor that Serve was given. The request is
// the first packet on the connection, the reply the first one back.
func (n *Network) Dial(ctx context.Context, request []byte) (session.Conn, []byte, error) {
	raw, err := n.DialContext(ctx, "", "")
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	conn := Packets(raw)
	reply, accepted, err := attach(conn, request)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	switch {
	case err != nil:
		conn.Close()
		return nil, nil, fmt.Errorf("sessiontest: attach: %w", err)
	case !accepted:
		conn.Close()
		return nil, reply, nil
	}
	return conn, reply, nil
}

func attach(conn session.Conn, request []byte) (reply []byte, accepted bool, err error) {
	if err := conn.WritePacket(request, nil); err != nil {
		return nil, false, err
	}
	p, err := readPacket(conn)
	if err != nil {
		return nil, false, err
	}
	if len(p) < 2 {
		return nil, false, errors.New("refused without a reply")
	}
	return p[1:], p[0] == isAccepted, nil
}

// Serve attaches what Dial sends to a's sessions until the network is closed. It returns at
// once.
func (n *Network) Serve(a *session.Acceptor) {
	n.wg.Go(func() {
		for {
			select {
			case c := <-n.arriving:
				n.wg.Go(func() { n.serveConn(a, c) })
			case <-n.done:
				return
			}
		}
	})
}

func (n *Network) serveConn(a *session.Acceptor, raw net.Conn) {
	conn := Packets(raw)
	request, err := readPacket(conn)
	if err != nil {
		conn.Close()
		return
	}
	at := a.Attach(request)
	if !at.Accepted() {
		_ = conn.WritePacket([]byte{isRefused}, at.Reply())
		conn.Close()
		return
	}
	if err := conn.WritePacket([]byte{isAccepted}, at.Reply()); err != nil {
		conn.Close()
		at.Abort(err)
		return
	}
	at.Bind(conn)
}

// Listener returns the accepting side of DialContext. Closing the network closes it.
func (n *Network) Listener() net.Listener { return &listener{n: n, done: make(chan struct{})} }

type listener struct {
	n    *Network
	done chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.n.arriving:
		return c, nil
	case <-l.done:
	case <-l.n.done:
	}
	return nil, net.ErrClosed
}

func (l *listener) Close() error {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *listener) Addr() net.Addr { return address(ToDialer) }
