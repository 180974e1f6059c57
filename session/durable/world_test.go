package durable

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// half is one direction of a connection in memory, with room like a socket's.
type half struct {
	packets chan []byte
	closed  chan struct{}
	once    *sync.Once
}

type memoryConn struct{ in, out half }

func connPair() (a, b *memoryConn) {
	closed, once := make(chan struct{}), new(sync.Once)
	x, y := half{make(chan []byte, 64), closed, once}, half{make(chan []byte, 64), closed, once}
	return &memoryConn{x, y}, &memoryConn{y, x}
}

func (c *memoryConn) Next() (io.Reader, error) {
	select {
	case p := <-c.in.packets:
		return bytes.NewReader(p), nil
	case <-c.in.closed:
		return nil, io.ErrUnexpectedEOF
	}
}

func (c *memoryConn) WritePacket(head, body []byte) error {
	select {
	case c.out.packets <- append(append([]byte(nil), head...), body...):
		return nil
	case <-c.out.closed:
		return io.ErrClosedPipe
	}
}

func (c *memoryConn) Close() error {
	c.in.once.Do(func() { close(c.in.closed) })
	return nil
}

// side is one party in one life of its process.
type side struct {
	t       testing.TB
	dir     string
	journal *journal.Journal
	channel *Channel
}

func open(t testing.TB, dir string, o *journal.Options, cfg *Config) *side {
	t.Helper()
	j, err := journal.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	s := &side{t, dir, j, New(j, cfg)}
	t.Cleanup(s.die)
	return s
}

// die ends the life: what is not on disk is gone.
func (s *side) die() {
	s.channel.Close()
	s.journal.Close()
}

// again begins the next life.
func (s *side) again() *side {
	s.t.Helper()
	s.die()
	return open(s.t, s.dir, nil, nil)
}

func (s *side) stream(name string) *Stream {
	s.t.Helper()
	st, err := s.channel.Stream(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// joint is a session between two sides that carries their channels.
type joint struct {
	t        testing.TB
	dialing  *session.Session
	accepted *session.Session
	acceptor *session.Acceptor
	errs     [2]chan error
}

var key = []byte("0123456789abcdef0123456789abcdef")

// join connects two sides by a session of their own.
func join(t testing.TB, a, b *side) *joint {
	t.Helper()
	return joinWith(t, a, b, nil)
}

// joinWith is join with a taker for the accepting side's other streams.
func joinWith(t testing.TB, a, b *side, other func(*session.Stream)) *joint {
	t.Helper()
	return joinBy(t, a, b, other, session.Config{Key: key, Budget: session.NewBudget(64 << 20)})
}

// joinBy is joinWith by sessions of a configuration.
func joinBy(t testing.TB, a, b *side, other func(*session.Stream), cfg session.Config) *joint {
	t.Helper()
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	dialing, err := session.Dial(func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
		at := acceptor.Attach(request)
		if !at.Accepted() {
			return nil, at.Reply(), nil
		}
		x, y := connPair()
		at.Bind(y)
		return x, at.Reply(), nil
	}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := acceptor.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := &joint{t, dialing, accepted, acceptor, [2]chan error{make(chan error, 1), make(chan error, 1)}}
	if a != nil { // else the test speaks for it
		go func() { j.errs[0] <- a.channel.Run(context.Background(), dialing, nil) }()
	}
	go func() { j.errs[1] <- b.channel.Run(context.Background(), accepted, other) }()
	t.Cleanup(j.cut)
	return j
}

// cut ends the session as the death of a process does.
func (j *joint) cut() {
	j.dialing.CloseNow()
	j.accepted.CloseNow()
	past, cancel := context.WithCancel(context.Background())
	cancel()
	j.acceptor.Close(past)
}

// over waits until both Runs have returned.
func (j *joint) over() (dialing, accepting error) {
	j.t.Helper()
	for i, err := range []*error{&dialing, &accepting} {
		select {
		case *err = <-j.errs[i]:
		case <-time.After(20 * time.Second):
			j.t.Fatal("a Run has not returned")
		}
	}
	return dialing, accepting
}

func send(t *testing.T, st *Stream, msgs ...string) {
	t.Helper()
	for _, m := range msgs {
		if _, err := st.Send(t.Context(), []byte(m)); err != nil {
			t.Fatalf("Send(%.20q): %v", m, err)
		}
	}
}

func want(t *testing.T, st *Stream, msgs ...string) (last *Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, w := range msgs {
		m, err := st.Receive(ctx)
		if err != nil || string(m.Payload) != w {
			t.Fatalf("received %+v, %v; want %.20q", m, err, w)
		}
		last = m
	}
	return last
}

// receive is Receive for a reasonable time.
func receive(t *testing.T, st *Stream) (*Message, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return st.Receive(ctx)
}

func commit(t *testing.T, st *Stream, m *Message) {
	t.Helper()
	if err := st.Commit(t.Context(), m.Cursor(), nil); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, reason Reason, byPeer bool) {
	t.Helper()
	e, ok := errors.AsType[*RefusedError](err)
	if !ok || e.Reason != reason || e.ByPeer != byPeer {
		t.Errorf("got %v, want %v (by the peer: %t)", err, reason, byPeer)
	}
}
