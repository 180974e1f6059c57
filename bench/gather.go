package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"sync"
)

const gathered = 32 << 10

// gatherer carries messages over a stream of bytes, each behind its length. What is sent
// while a write is under way, or before one got its turn, leaves in one write.
type gatherer struct {
	to   net.Conn
	from *bufio.Reader
	in   []byte

	mu      sync.Mutex
	out     []byte
	spare   []byte
	err     error
	writing sync.Mutex // held while writing; taken before mu
	wake    chan struct{}
	done    chan struct{}
	once    sync.Once
}

func newGatherer(c net.Conn) *gatherer {
	g := &gatherer{to: c, from: bufio.NewReaderSize(c, gathered), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go g.run()
	return g
}

func (g *gatherer) send(msg []byte) error {
	if len(msg) >= gathered {
		return g.write(msg)
	}
	g.mu.Lock()
	g.out = append(binary.BigEndian.AppendUint32(g.out, uint32(len(msg))), msg...)
	full, err := len(g.out) >= gathered, g.err
	g.mu.Unlock()
	if err != nil {
		return err
	}
	if full {
		return g.write(nil)
	}
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return nil
}

// run flushes what nobody else flushes, when everybody who was about to send has.
func (g *gatherer) run() {
	for {
		select {
		case <-g.wake:
			runtime.Gosched()
			if g.write(nil) != nil {
				return
			}
		case <-g.done:
			return
		}
	}
}

// write writes what was gathered and then, without a copy, a large message.
func (g *gatherer) write(large []byte) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	g.mu.Lock()
	out, err := g.out, g.err
	g.out, g.spare = g.spare[:0], nil
	g.mu.Unlock()
	if large != nil {
		out = binary.BigEndian.AppendUint32(out, uint32(len(large)))
	}
	if err == nil && len(out) > 0 {
		b := net.Buffers{out, large}
		_, err = b.WriteTo(g.to)
	}
	g.mu.Lock()
	if cap(out) <= 4*gathered {
		g.spare = out
	}
	g.err = err
	g.mu.Unlock()
	return err
}

func (g *gatherer) receive() ([]byte, error) {
	if g.from.Buffered() == 0 {
		if err := g.write(nil); err != nil {
			return nil, err
		}
	}
	var size [4]byte
	if _, err := io.ReadFull(g.from, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if cap(g.in) < n {
		g.in = make([]byte, n)
	}
	g.in = g.in[:n]
	_, err := io.ReadFull(g.from, g.in)
	return g.in, err
}

func (g *gatherer) each(f func([]byte) bool) error { return pull(g, f) }

func (g *gatherer) close() error {
	g.once.Do(func() { close(g.done) })
	return g.to.Close()
}
