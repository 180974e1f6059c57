package sessiontest

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Ending is how a connection dies.
type Ending uint8

const (
	// Closed: what was carried arrives, and behind it the end of the stream; both ways.
	Closed Ending = iota
	// Reset: both sides get an error. What was carried in the direction that was cut can
	// still be read, the other direction's bytes are lost.
	Reset
	// Silent: nothing arrives any more in either direction, and nobody is told.
	Silent
	// OneWay: nothing arrives any more in the direction that was cut; the other goes on.
	OneWay
	// HalfOpen: the side that was writing gets an error, the other one hears nothing.
	HalfOpen
)

func (e Ending) String() string {
	return [...]string{"closed", "reset", "silent", "one way", "half open"}[e]
}

// Link is one connection in memory, with its faults. It is a buffered stream of bytes each
// way, like a TCP connection. Its methods may be called concurrently.
type Link struct {
	answered func() // called once the acceptor has written something; nil for nobody
	twin     *Link  // gets what the dialer writes, too

	mu sync.Mutex
	// guards following
	changed chan struct{} // closed and replaced when somebody should look again
	random  *rand.Rand
	flows   [2]flow
	ends    [2]*linkEnd // by the direction that they write
}

func newLink(c Conditions, seed uint64) *Link {
	l := &Link{changed: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 0))}
	for d := range l.flows {
		l.flows[d] = flow{cutAt: -1, cond: c}
		l.ends[d] = &linkEnd{l: l, out: Direction(d)}
	}
	return l
}

// tell makes everyone look again. mu is held.
func (l *Link) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Link) update(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	l.tell()
}

// Cut resets the connection: both sides get an error at once and what is in transit is lost.
func (l *Link) Cut() {
	l.update(func() {
		l.flows[ToAcceptor].drop()
		l.flows[ToDialer].drop()
		l.reset(l.ends[ToAcceptor])
		l.reset(l.ends[ToDialer])
	})
}

// CutAfter lets the connection die as soon as it has carried n bytes in direction d since its
// beginning: at once if it has.
func (l *Link) CutAfter(d Direction, n int64, how Ending) {
	l.update(func() {
		f := &l.flows[d]
		f.cutAt, f.ending = max(n, f.carried), how
		if f.carried == f.cutAt {
			l.die(d)
		}
	})
}

// Stall keeps everything from arriving in direction d, ends included, until Release.
func (l *Link) Stall(d Direction) { l.update(func() { l.flows[d].stalled = true }) }

// Release lets arrive what Stall has held up.
func (l *Link) Release(d Direction) { l.update(func() { l.flows[d].stalled = false }) }

// Shape changes the conditions for what is written in direction d from now on.
func (l *Link) Shape(d Direction, c Conditions) { l.update(func() { l.flows[d].cond = c }) }

// Carried is how many bytes were written in direction d.
func (l *Link) Carried(d Direction) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flows[d].carried
}

// reset gives an end an error. mu is held.
func (l *Link) reset(e *linkEnd) {
	if e.broken == nil {
		e.broken = &net.OpError{Op: "read", Net: "memory", Err: syscall.ECONNRESET}
	}
	l.flows[e.out].sink = true
}

// die ends the connection as planned for direction d. mu is held.
func (l *Link) die(d Direction) {
	f, back := &l.flows[d], &l.flows[d.other()]
	f.cutAt = -1
	now := time.Now()
	switch f.ending {
	case Closed:
		for _, f := range []*flow{f, back} {
			f.end(now)
			f.sink = true
		}
	case Reset:
		back.drop()
		l.reset(l.ends[d])
		l.reset(l.ends[d.other()])
	case Silent:
		f.lost = true
		back.lost = true
	case OneWay:
		f.lost = true
	case HalfOpen:
		f.lost, back.lost = true, true
		back.drop()
		l.reset(l.ends[d])
	}
}

// linkEnd is one end of a link, as a net.Conn.
type linkEnd struct {
	l   *Link
	out Direction

	// guarded by the link's mutex
	closed   bool
	broken   error // a reset
	eof      bool  // the peer's end was read
	deadline [2]time.Time
}

const (
	reading = iota
	writing
)

func (e *linkEnd) in() *flow { return &e.l.flows[e.out.other()] }

func (e *linkEnd) Read(p []byte) (int, error) {
	for {
		e.l.mu.Lock()
		n, wait, err := e.read(p, time.Now())
		if n > 0 {
			e.l.tell() // a writer may wait for room
		}
		changed := e.l.changed
		e.l.mu.Unlock()
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		pause(changed, wait)
	}
}

// read takes what is there, or says why there will be nothing, or how long to wait.
func (e *linkEnd) read(p []byte, now time.Time) (n int, wait time.Duration, err error) {
	if e.closed {
		return 0, 0, net.ErrClosed
	}
	n, wait = e.in().take(p, now)
	if n > 0 {
		return n, 0, nil
	}
	if wait < 0 && e.broken != nil {
		return 0, 0, e.broken
	}
	over, end := e.in().over(now)
	if over {
		e.eof = true
		return 0, 0, io.EOF
	}
	wait, err = e.expired(reading, now, sooner(wait, end))
	return 0, wait, err
}

// Write takes all of p, unless the connection ends.
func (e *linkEnd) Write(p []byte) (written int, err error) {
	l := e.l
	for {
		l.mu.Lock()
		now := time.Now()
		var wait time.Duration
		var n int
		if err = e.writable(); err == nil {
			f := &l.flows[e.out]
			n = f.room(len(p) - written)
			f.put(p[written:written+n], now, l.random)
			written += n
			if f.cutAt >= 0 && f.carried == f.cutAt {
				l.die(e.out)
			}
			if n > 0 {
				l.tell()
			}
			wait, err = e.expired(writing, now, -1)
		}
		changed := l.changed
		l.mu.Unlock()
		if written == len(p) {
			err = nil
		}
		if err != nil || written == len(p) {
			break
		}
		if n == 0 {
			pause(changed, wait)
		}
	}
	if l.twin != nil && written > 0 {
		_, _ = l.twin.ends[e.out].Write(p[:written])
	}
	if l.answered != nil && e.out == ToDialer && written > 0 {
		l.answered()
	}
	return written, err
}

func (e *linkEnd) writable() error {
	switch {
	case e.closed:
		return net.ErrClosed
	case e.broken != nil:
		return e.broken
	case e.eof:
		return &net.OpError{Op: "write", Net: "memory", Err: syscall.EPIPE}
	}
	return nil
}

// expired says how long to wait at most, or that the deadline has passed.
func (e *linkEnd) expired(op int, now time.Time, wait time.Duration) (time.Duration, error) {
	d := e.deadline[op]
	if d.IsZero() {
		return wait, nil
	}
	left := d.Sub(now)
	if left <= 0 {
		return 0, errDeadline
	}
	return sooner(wait, left), nil
}

// Close ends the connection from this side: the other reads what is in transit and its end.
func (e *linkEnd) Close() error {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	e.l.flows[e.out].end(time.Now())
	e.in().sink = true
	e.in().drop()
	e.l.tell()
	return nil
}

func (e *linkEnd) SetDeadline(t time.Time) error {
	return errors.Join(e.SetReadDeadline(t), e.SetWriteDeadline(t))
}
func (e *linkEnd) SetReadDeadline(t time.Time) error  { return e.setDeadline(reading, t) }
func (e *linkEnd) SetWriteDeadline(t time.Time) error { return e.setDeadline(writing, t) }

func (e *linkEnd) setDeadline(op int, t time.Time) error {
	e.l.update(func() { e.deadline[op] = t })
	return nil
}

func (e *linkEnd) LocalAddr() net.Addr  { return address(e.out) }
func (e *linkEnd) RemoteAddr() net.Addr { return address(e.out.other()) }
