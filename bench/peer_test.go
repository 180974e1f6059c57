package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"
)

// nativePeers are those that can be served in this process.
func nativePeers() []peer {
	var native []peer
	for _, p := range append(peers(), newWidePeer()) {
		if _, ok := p.(foreign); !ok {
			native = append(native, p)
		}
	}
	return native
}

// TestPeers makes sure that what is measured arrives, whole and in order.
func TestPeers(t *testing.T) {
	for _, p := range nativePeers() {
		t.Run(p.name(), func(t *testing.T) {
			c := connect(t, p)
			sizes := []int{1, 9, 64, 128, 1000, 32 << 10, 64 << 10}
			if p.maxMessage() == 0 {
				sizes = append(sizes, 1<<20)
			}
			if err := c.send(command(opEcho, len(sizes))); err != nil {
				t.Fatal(err)
			}
			for _, size := range sizes {
				checkEcho(t, c, size)
			}
			for _, l := range loads() {
				if !carries(p, l) {
					continue
				}
				if o, err := l.run(c, l.size, 64); err != nil || o.value <= 0 {
					t.Errorf("%s: %v, %v", l.name, o, err)
				}
			}
		})
	}
}

func checkEcho(t *testing.T, c conn, size int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(size)))
	msg := make([]byte, size)
	for i := range msg {
		msg[i] = byte(random.Uint32())
	}
	if err := c.send(msg); err != nil {
		t.Fatal(err)
	}
	var got []byte
	if err := c.each(func(m []byte) bool { got = bytes.Clone(m); return false }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, msg) {
		t.Errorf("%d bytes came back as %d other ones", size, len(got))
	}
}

// TestSocketIO drives the peer that is another program as a measurement does.
func TestSocketIO(t *testing.T) {
	if _, err := installSocketIO(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	tr, err := newTrack(socketioPeer{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.stop()
	for _, l := range loads() {
		if _, s, err := tr.measure(l, 64); err != nil || s.value <= 0 || s.cpu <= 0 {
			t.Errorf("%s: %+v, %v", l.name, s, err)
		}
	}
	if r, err := cutWhileTalkingOn(tr, 2_000, 1); err != nil || len(r.back) != 1 {
		t.Errorf("cuts: %+v, %v", r, err)
	}
}

// connect opens a connection to a server in this process.
func connect(t testing.TB, p peer) conn {
	t.Helper()
	c, err := p.dial(serveHere(t, p))
	if err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { c.close() })
	t.Cleanup(func() { late.Stop(); c.close() })
	return c
}

func serveHere(t testing.TB, p peer) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.serve(ctx, l, newService) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return addr
}
