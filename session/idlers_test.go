package session

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// thriftyConn is an end of a connection that allocates nothing for a packet, and counts them.
type thriftyConn struct {
	in, out *way
	held    []byte // what Next has lent
	reader  bytes.Reader
	once    *sync.Once
	closed  chan struct{}
	packets *atomic.Int64
}

// way carries packets in one direction.
type way struct{ full, empty chan []byte }

func newWay() *way {
	l := &way{make(chan []byte, 8), make(chan []byte, 8)}
	for range cap(l.empty) {
		l.empty <- make([]byte, 0, 256)
	}
	return l
}

func newThriftyConns(packets *atomic.Int64) (a, b *thriftyConn) {
	there, back := newWay(), newWay()
	a = &thriftyConn{in: back, out: there, once: new(sync.Once), closed: make(chan struct{}), packets: packets}
	b = &thriftyConn{in: there, out: back, once: a.once, closed: a.closed, packets: packets}
	return a, b
}

func (c *thriftyConn) Next() (io.Reader, error) {
	if c.held != nil {
		c.in.empty <- c.held
		c.held = nil
	}
	select {
	case c.held = <-c.in.full:
	case <-c.closed:
		return nil, io.EOF
	}
	c.reader.Reset(c.held)
	return &c.reader, nil
}

func (c *thriftyConn) WritePacket(head, body []byte) error {
	c.packets.Add(1)
	select {
	case p := <-c.out.empty:
		c.out.full <- append(append(p[:0], head...), body...)
		return nil
	case <-c.closed:
		return io.ErrClosedPipe
	}
}

func (c *thriftyConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// idlers are pairs of sessions of which everything they do is counted.
type idlers struct {
	acc     *Acceptor
	dialed  []*Session
	took    []*Session
	packets atomic.Int64
	fires   [2]atomic.Int64 // of the timers of the dialing and of the accepting sides
	note    func()          // is called with each fire; nil: nobody wants to know
}

// add makes another pair, and counts from when it is at rest.
func (x *idlers) add(t *testing.T) (a, b *Session) {
	t.Helper()
	cfg := Config{Key: testKey}
	if x.acc == nil {
		acc, err := NewAcceptor(&AcceptorConfig{Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		x.acc = acc
	}
	a, err := Dial(func(_ context.Context, request []byte) (Conn, []byte, error) {
		at := x.acc.Attach(request)
		near, far := newThriftyConns(&x.packets)
		at.Bind(far)
		return near, at.Reply(), nil
	}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	b, err = x.acc.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	x.count(a, &x.fires[dialing])
	x.count(b, &x.fires[accepting])
	x.dialed, x.took = append(x.dialed, a), append(x.took, b)
	return a, b
}

// count has n count how often the timer of s fires.
func (x *idlers) count(s *Session, n *atomic.Int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
	s.timer = time.AfterFunc(time.Until(s.core.armed), func() {
		n.Add(1)
		if x.note != nil {
			x.note()
		}
		s.onTimer()
	})
}

// during returns what happens while f runs.
func (x *idlers) during(f func()) (packets, dialing, accepting int64) {
	synctest.Wait()
	packets, dialing, accepting = x.packets.Load(), x.fires[0].Load(), x.fires[1].Load()
	f()
	synctest.Wait()
	return x.packets.Load() - packets, x.fires[0].Load() - dialing, x.fires[1].Load() - accepting
}

func (x *idlers) end() {
	for _, s := range append(x.dialed, x.took...) {
		s.CloseNow()
	}
	x.acc.Close(context.Background())
}
