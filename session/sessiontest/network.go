package sessiontest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Network is a network in memory between one dialing and one accepting side, with the faults
// that it is told to have. It carries bytes, for any transport ([Network.DialContext],
// [Network.Listener]), and is a transport of packets itself ([Network.Dial],
// [Network.Serve]). Its methods may be called concurrently.
//
// Nothing in it depends on anything outside, so it works in virtual time (testing/synctest).
type Network struct {
	arriving chan net.Conn
	done     chan struct{}
	wg       sync.WaitGroup

	mu sync.Mutex
	// guards following; may be held when a link's is taken, never the other way round
	cond    Conditions
	plans   []Plan
	usually Fate
	dials   int
	links   []*Link
	held    []*Link // overtaken, not yet released
	closed  bool
}

// backlog is how many connections may wait to be accepted.
const backlog = 128

// NewNetwork returns a perfect network. Close it.
func NewNetwork() *Network {
	return &Network{arriving: make(chan net.Conn, backlog), done: make(chan struct{})}
}

// Shape sets the conditions for connections that are made from now on.
func (n *Network) Shape(c Conditions) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cond = c
}

// Dials is how many dials have begun.
func (n *Network) Dials() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// Links returns all connections that were made, oldest first. The copies of doubled dials
// are not among them.
func (n *Network) Links() []*Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Link(nil), n.links...)
}

// Last returns the latest connection; nil before the first.
func (n *Network) Last() *Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.links) == 0 {
		return nil
	}
	return n.links[len(n.links)-1]
}

// Close cuts all connections, ends Serve and the listener, and waits for what they started.
func (n *Network) Close() error {
	n.mu.Lock()
	first := !n.closed
	n.closed = true
	links := append([]*Link(nil), n.links...)
	n.mu.Unlock()
	if first {
		close(n.done)
	}
	for _, l := range links {
		l.Cut()
		if l.twin != nil {
			l.twin.Cut()
		}
	}
	n.wg.Wait()
	return nil
}

// DialContext makes a connection. The arguments are those of net.Dialer and mean nothing.
func (n *Network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	plan := n.next()
	seed := uint64(n.dials)
	cond, closed := n.cond, n.closed
	n.mu.Unlock()
	switch {
	case closed || plan.Fate == Refused:
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: syscall.ECONNREFUSED}
	case plan.Fate == Swallowed:
		select {
		case <-ctx.Done():
			return nil, &net.OpError{Op: "dial", Net: "memory", Err: context.Cause(ctx)}
		case <-n.done:
			return nil, &net.OpError{Op: "dial", Net: "memory", Err: syscall.ECONNREFUSED}
		}
	}
	l := newLink(cond, seed)
	conns := []net.Conn{l.ends[ToDialer]}
	switch plan.Fate {
	case Dying:
		l.CutAfter(plan.Direction, plan.After, plan.Ending)
	case ReplyLost:
		l.CutAfter(ToDialer, 0, OneWay)
	case Doubled:
		l.twin = newLink(cond, seed)
		l.twin.flows[ToDialer].sink = true
		conns = append(conns, l.twin.ends[ToDialer])
	case Overtaken:
		l.Stall(ToAcceptor)
	}
	l.answered = sync.OnceFunc(func() { n.release(l) })
	return l.ends[ToAcceptor], n.connect(ctx, l, plan.Fate, conns)
}

// connect hands the accepting side its ends of a new link.
func (n *Network) connect(ctx context.Context, l *Link, f Fate, conns []net.Conn) error {
	n.mu.Lock()
	n.links = append(n.links, l)
	if f == Overtaken {
		n.held = append(n.held, l)
	}
	n.mu.Unlock() // a Close from now on knows of l, and an earlier one is seen below
	for _, c := range conns {
		select {
		case <-n.done:
			l.Cut()
			return &net.OpError{Op: "dial", Net: "memory", Err: syscall.ECONNREFUSED}
		default:
		}
		select {
		case n.arriving <- c:
		case <-ctx.Done():
			l.Cut()
			return &net.OpError{Op: "dial", Net: "memory", Err: context.Cause(ctx)}
		case <-n.done:
			l.Cut()
			return &net.OpError{Op: "dial", Net: "memory", Err: syscall.ECONNREFUSED}
		}
	}
	return nil
}

// release lets go of the connections that later has overtaken.
func (n *Network) release(later *Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.held {
		if l != later {
			l.Release(ToAcceptor)
		}
	}
	n.held = nil
}
