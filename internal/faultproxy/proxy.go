package faultproxy

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// Counters count connections since the start.
type Counters struct {
	Accepted  int // connections accepted, swallowed and refused ones too
	Forwarded int // of these, connected to the target
	Cut       int // ended by Cut or CutAfter
	Open      int // open now
}

// Proxy forwards TCP connections to a target until it is closed.
type Proxy struct {
	ln     net.Listener
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	all    sync.WaitGroup

	mu       sync.Mutex // guards following, and the fields of each link that say so
	target   string
	weather  weather
	changed  chan struct{} // closed when the weather changes
	counters Counters
	links    map[*link]struct{}
}

// New starts a proxy on a free port of 127.0.0.1 that forwards to target (host:port).
func New(target string) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("faultproxy: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{
		ln:      ln,
		ctx:     ctx,
		cancel:  cancel,
		target:  target,
		changed: make(chan struct{}),
		links:   make(map[*link]struct{}),
	}
	p.all.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens, as host:port.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Retarget forwards connections to come to another target.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Counters returns the counts up to now.
func (p *Proxy) Counters() Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counters
	c.Open = len(p.links)
	return c
}

// Close resets all connections and waits until nothing of the proxy is left.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.ln.Close()
	p.mu.Lock()
	for l := range p.links {
		l.endLocked(RST)
	}
	p.mu.Unlock()
	p.all.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		c, err := p.ln.Accept()
		switch {
		case err == nil:
			p.admit(c.(*net.TCPConn))
		case p.ctx.Err() != nil:
			return
		default: // out of file descriptors, most likely
			select {
			case <-time.After(5 * time.Millisecond):
			case <-p.ctx.Done():
				return
			}
		}
	}
}

func (p *Proxy) admit(c *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counters.Accepted++
	if p.ctx.Err() != nil || p.weather.admission == Refuse {
		closeBy(RST, c)
		return
	}
	l := &link{proxy: p, client: c, gone: make(chan struct{})}
	p.links[l] = struct{}{}
	if p.weather.admission == Swallow {
		p.all.Go(l.swallow)
	} else {
		p.all.Go(l.run)
	}
}
