package main

import (
	"net"
	"sync"
)

// inlet joins a client that is called back with each message to conn.each: the message is
// handled where it arrives, and waits there while nobody wants one.
type inlet struct {
	wanted chan want
	closed chan struct{}
	once   sync.Once
	now    want // used by the goroutine that calls back, only
}

type want struct {
	f    func([]byte) bool
	done chan struct{}
}

func newInlet() *inlet {
	return &inlet{wanted: make(chan want), closed: make(chan struct{})}
}

// arrived takes a message; it reports whether more are wanted at all.
func (i *inlet) arrived(msg []byte) bool {
	if i.now.f == nil {
		select {
		case i.now = <-i.wanted:
		case <-i.closed:
			return false
		}
	}
	if !i.now.f(msg) {
		close(i.now.done)
		i.now = want{}
	}
	return true
}

// end says that nothing will arrive any more.
func (i *inlet) end() { i.once.Do(func() { close(i.closed) }) }

func (i *inlet) each(f func([]byte) bool) error {
	w := want{f, make(chan struct{})}
	select {
	case i.wanted <- w:
	case <-i.closed:
		return net.ErrClosed
	}
	select {
	case <-w.done:
		return nil
	case <-i.closed:
		select {
		case <-w.done:
			return nil
		default:
			return net.ErrClosed
		}
	}
}
