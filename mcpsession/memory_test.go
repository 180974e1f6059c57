package mcpsession_test

import (
	"context"
	"io"
	"sync"
	"testing"

	"github.com/standardbeagle/brum/session"
)

// memory is one end of a session without a network: two channels and an end.
type memory struct {
	id       session.ID
	in, out  chan []byte
	over     chan struct{} // closed when this end was closed
	peerOver chan struct{}
	once     *sync.Once

	// neverConfirms makes Close wait until its context is done.
	neverConfirms bool
}

func memoryPair() (a, b *memory) {
	x, y := make(chan []byte, 10000), make(chan []byte, 10000)
	xo, yo := make(chan struct{}), make(chan struct{})
	id := session.NewID()
	return &memory{id, x, y, xo, yo, new(sync.Once), false}, &memory{id, y, x, yo, xo, new(sync.Once), false}
}

func (m *memory) ID() session.ID { return m.id }

func (m *memory) WaitActive(ctx context.Context) error { return ctx.Err() }

func (m *memory) Send(ctx context.Context, msg []byte) error {
	select {
	case <-m.over:
		return session.ErrClosed
	default:
	}
	select {
	case m.out <- append([]byte(nil), msg...):
		return nil
	case <-m.over:
		return session.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memory) Receive(ctx context.Context) ([]byte, error) {
	select {
	case <-m.over:
		return nil, session.ErrClosed
	case msg := <-m.in:
		return msg, nil
	default:
	}
	select {
	case <-m.over:
		return nil, session.ErrClosed
	case msg := <-m.in:
		return msg, nil
	case <-m.peerOver:
		select {
		case msg := <-m.in:
			return msg, nil
		default:
			return nil, io.EOF
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Close(ctx context.Context) error {
	if m.neverConfirms {
		<-ctx.Done()
		return ctx.Err()
	}
	return m.CloseNow()
}

func (m *memory) CloseNow() error {
	m.once.Do(func() { close(m.over) })
	return nil
}

func memoryEnds(t *testing.T) *ends {
	a, b := memoryPair()
	return &ends{t: t, client: a, server: b}
}
