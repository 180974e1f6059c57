package main

import (
	"bytes"
	"math/rand/v2"
	"net"
	"testing"
)

// TestPeers makes sure that what is measured arrives, whole and in order.
func TestPeers(t *testing.T) {
	for _, p := range peers() {
		t.Run(p.name(), func(t *testing.T) {
			c := connect(t, p)
			sizes := []int{1, 9, 64, 128, 1000, 32 << 10, 64 << 10}
			if p.maxMessage() == 0 {
				sizes = append(sizes, 1<<20)
			}
			if err := c.send(command(opEcho, len(sizes))); err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for _, size := range sizes {
				msg := make([]byte, size)
				for i := range msg {
					msg[i] = byte(random.Uint32())
				}
				if err := c.send(msg); err != nil {
					t.Fatal(err)
				}
				got, err := c.receive()
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, msg) {
					t.Errorf("%d bytes came back as %d other ones", size, len(got))
				}
			}
			for _, sc := range scenarios() {
				if !carries(p, sc) {
					continue
				}
				if o, err := sc.run(c, 64); err != nil || o.value <= 0 {
					t.Errorf("%s: %v, %v", sc.name, o, err)
				}
			}
		})
	}
}

// connect opens a connection to a server in this process.
func connect(t testing.TB, p peer) conn {
	t.Helper()
	c, err := p.dial(serveHere(t, p))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	return c
}

func serveHere(t testing.TB, p peer) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- p.serve(l, handle) }()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	return l.Addr().String()
}
