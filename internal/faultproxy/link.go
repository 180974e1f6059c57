package faultproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// link is one connection through the proxy: two TCP connections and a pump for each
// direction between them.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	gone   chan struct{} // closed when the link has ended

	// Guarded by proxy.mu.
	target *net.TCPConn // nil until it is dialled
	ended  bool
	dead   [directions]bool // a byte of that direction was swallowed
}

// endLocked closes both ends and reports whether they were open.
func (l *link) endLocked(how Ending) bool {
	if l.ended {
		return false
	}
	l.ended = true
	close(l.gone)
	closeBy(how, l.client)
	if l.target != nil {
		closeBy(how, l.target)
	}
	return true
}

func closeBy(how Ending, c *net.TCPConn) {
	if how == RST {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}

// forget ends what is left of the link.
func (l *link) forget(how Ending) {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	l.endLocked(how)
	delete(l.proxy.links, l)
}

// swallow reads and forgets what the client says, until it goes away or is cut.
func (l *link) swallow() {
	defer l.forget(FIN)
	_, _ = io.Copy(io.Discard, l.client)
}

func (l *link) run() {
	target := l.dial()
	if target == nil {
		l.forget(RST)
		return
	}
	defer l.forget(FIN) // what was written still has to arrive
	var pumps sync.WaitGroup
	pumps.Go(newPump(l, ToTarget, l.client, target).run)
	pumps.Go(newPump(l, ToClient, target, l.client).run)
	pumps.Wait()
}

// dial connects to the target, unless the link ends before.
func (l *link) dial() *net.TCPConn {
	l.proxy.mu.Lock()
	address := l.proxy.target
	l.proxy.mu.Unlock()
	c, err := new(net.Dialer).DialContext(l.proxy.ctx, "tcp", address)
	if err != nil {
		return nil
	}
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	target := c.(*net.TCPConn)
	if l.ended {
		closeBy(RST, target)
		return nil
	}
	l.target = target
	l.proxy.counters.Forwarded++
	return target
}

// flow is how direction d fares now; a direction that has lost bytes stays lost.
func (l *link) flow(d Direction) (f flow, changed <-chan struct{}) {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	f = l.proxy.weather.flow[d]
	f.drop = f.drop || l.dead[d]
	return f, l.proxy.changed
}

// endDelay is how late the receiver of direction d learns that the sender has closed; ok is
// false if it never does.
func (l *link) endDelay(d Direction) (late time.Duration, ok bool) {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	f := l.proxy.weather.flow[d]
	late = f.delay
	if d == ToTarget {
		late += l.proxy.weather.finDelay
	}
	return late, !f.drop && !l.dead[d]
}

// fate decides about n bytes of direction d that have arrived: how many of them pass, when,
// and whether the link is cut behind them.
func (l *link) fate(d Direction, n int) (pass int, due time.Time, cut *quota) {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	f := &l.proxy.weather.flow[d]
	if f.drop || l.dead[d] {
		l.dead[d] = true
		return 0, time.Time{}, nil
	}
	if f.delay > 0 {
		due = time.Now().Add(f.delay)
	}
	if f.quota == nil {
		return n, due, nil
	}
	if n < f.quota.bytes {
		f.quota.bytes -= n
		return n, due, nil
	}
	cut, f.quota = f.quota, nil
	return cut.bytes, due, cut
}

// cut ends the link as planned.
func (l *link) cut(how Ending) {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	if l.endLocked(how) {
		l.proxy.counters.Cut++
	}
}

// wait sleeps for d and reports whether the link is still there.
func (l *link) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.gone:
		return false
	}
}
