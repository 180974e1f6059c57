package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

var errCut = errors.New("cut")

// pipe is a connection in memory, buffered like a kernel's sockets, that tests can break.
type pipe struct {
	a, b *pipeEnd
}

type pipeEnd struct {
	mu     sync.Mutex
	in     []arrival
	ready  chan struct{} // capacity 1
	closed chan struct{}
	err    error
	peer   *pipeEnd
	deaf   bool // what the peer writes is swallowed
	path   *path
}

// arrival is a packet that can be read from then on.
type arrival struct {
	at     time.Time
	packet []byte
}

func newPipe() *pipe {
	p := &pipe{newEnd(), newEnd()}
	p.a.peer, p.b.peer = p.b, p.a
	return p
}

func newEnd() *pipeEnd {
	return &pipeEnd{ready: make(chan struct{}, 1), closed: make(chan struct{})}
}

// cut fails both ends, as a reset does.
func (p *pipe) cut() { p.a.fail(errCut); p.b.fail(errCut) }

// blackhole swallows everything in both directions from now on.
func (p *pipe) blackhole() {
	for _, e := range []*pipeEnd{p.a, p.b} {
		e.mu.Lock()
		e.deaf = true
		e.mu.Unlock()
	}
}

func (e *pipeEnd) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
		close(e.closed)
	}
}

func (e *pipeEnd) Next() (io.Reader, error) {
	for {
		e.mu.Lock()
		if len(e.in) > 0 {
			p := e.in[0]
			if late := time.Until(p.at); late > 0 {
				e.mu.Unlock()
				if err := e.wait(late); err != nil {
					return nil, err
				}
				continue
			}
			e.in = e.in[1:]
			e.mu.Unlock()
			return bytes.NewReader(p.packet), nil
		}
		err := e.err
		e.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-e.ready:
		case <-e.closed:
		}
	}
}

func (e *pipeEnd) WritePacket(head, body []byte) error {
	e.mu.Lock()
	err := e.err
	e.mu.Unlock()
	if err != nil {
		return err
	}
	p := append(append([]byte(nil), head...), body...)
	at := e.path.carry(len(p))
	e.peer.mu.Lock()
	defer e.peer.mu.Unlock()
	if e.peer.deaf || e.peer.err != nil {
		return nil
	}
	e.peer.in = append(e.peer.in, arrival{at, p})
	select {
	case e.peer.ready <- struct{}{}:
	default:
	}
	return nil
}

// wait waits, unless the connection fails before.
func (e *pipeEnd) wait(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-e.closed:
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.err
	}
}

func (e *pipeEnd) Close() error {
	e.fail(io.ErrClosedPipe)
	e.peer.mu.Lock()
	deaf := e.peer.deaf
	e.peer.mu.Unlock()
	if !deaf {
		e.peer.fail(io.EOF)
	}
	return nil
}

// network connects dialers to an acceptor through pipes that it remembers.
type network struct {
	mu    sync.Mutex
	acc   *Acceptor
	pipes []*pipe
	down  error // dials fail with it
	dials int
	first []byte // request
	// dialled is when.
	dialled []time.Time
	// lag delays each dial.
	lag time.Duration
	// hang makes dials wait for their context.
	hang bool
	// path is what connections made from now on go by, each direction by one of its own.
	path *path
}

func (n *network) dial(ctx context.Context, request []byte) (Conn, []byte, error) {
	n.mu.Lock()
	if n.dials++; n.dials == 1 {
		n.first = request
	}
	n.dialled = append(n.dialled, time.Now())
	down, lag, hang, acc := n.down, n.lag, n.hang, n.acc
	n.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	if lag > 0 {
		select {
		case <-time.After(lag):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	if down != nil {
		return nil, nil, down
	}
	at := acc.Attach(request)
	if !at.Accepted() {
		return nil, at.Reply(), nil
	}
	p := newPipe()
	n.mu.Lock()
	p.a.path, p.b.path = n.path.again(), n.path.again()
	n.pipes = append(n.pipes, p)
	n.mu.Unlock()
	at.Bind(p.b)
	return p.a, at.Reply(), nil
}

func (n *network) last() *pipe {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pipes[len(n.pipes)-1]
}

func (n *network) set(f func(*network)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(n)
}
