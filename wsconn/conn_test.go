package wsconn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestPacketsBothWays(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			a, b := pair(t, n)
			for _, dir := range []struct{ from, to *Conn }{{a, b}, {b, a}} {
				for _, size := range []int{0, 1, 64, 125, 126, 4095, 4096, 36 << 10, MaxPacket} {
					want := testBytes(size)
					cut := size / 3
					sent := make(chan error, 1)
					go func() { sent <- dir.from.WritePacket(want[:cut], want[cut:]) }()
					if got := next(t, dir.to); !bytes.Equal(got, want) {
						t.Fatalf("%d bytes arrived as %d other ones", size, len(got))
					}
					if err := <-sent; err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestManyPacketsConcurrently(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			a, b := pair(t, n)
			var all sync.WaitGroup
			for _, c := range []*Conn{a, b} {
				all.Go(func() {
					for i := range 2000 {
						p := testBytes(i * 17 % 5000)
						if err := c.WritePacket([]byte{byte(i), byte(i >> 8)}, p); err != nil {
							t.Error(err)
							return
						}
					}
				})
				all.Go(func() {
					for i := range 2000 {
						r, err := c.Next()
						if err != nil {
							t.Error(err)
							return
						}
						p, err := io.ReadAll(r)
						if err != nil || len(p) != 2+i*17%5000 || p[0] != byte(i) || p[1] != byte(i>>8) ||
							!bytes.Equal(p[2:], testBytes(len(p)-2)) {
							t.Errorf("packet %d: %d bytes: %v", i, len(p), err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}

func TestUnreadRestOfAPacketIsSkipped(t *testing.T) {
	a, b := pair(t, overTCP)
	for _, p := range []string{strings.Repeat("x", 10000), "second"} {
		if err := a.WritePacket(nil, []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if got := next(t, b); string(got) != "second" {
		t.Errorf("got %q", got)
	}
}

func TestFragmentedMessageIsOnePacket(t *testing.T) {
	c, peer := rawPeer(t)
	_, err := peer.Write([]byte("\x02\x03abc" + "\x89\x02hi" + "\x00\x01d" + "\x80\x00"))
	if err != nil {
		t.Fatal(err)
	}
	if got := next(t, c); string(got) != "abcd" {
		t.Errorf("got %q", got)
	}
	if op, p, err := readFrame(peer); op != opPong || string(p) != "hi" || err != nil {
		t.Errorf("the ping was answered by opcode %d %q, %v", op, p, err)
	}
}

// readFrame reads one short frame.
func readFrame(r io.Reader) (opcode, []byte, error) {
	frame := make([]byte, 6)
	if _, err := io.ReadFull(r, frame); err != nil {
		return 0, nil, err
	}
	frame = append(frame, make([]byte, frame[1]&^maskBit)...)
	if _, err := io.ReadFull(r, frame[6:]); err != nil {
		return 0, nil, err
	}
	op, payload, _, err := parseFrame(frame)
	return op, payload, err
}

func TestPingsAreAnswered(t *testing.T) {
	a, b := pair(t, overTCP)
	go func() {
		for {
			if _, err := a.Next(); err != nil {
				return
			}
		}
	}()
	go func() {
		for {
			if _, err := b.Next(); err != nil {
				return
			}
		}
	}()
	for range 100 {
		if err := b.ws.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A ping that arrives while a packet is being written must neither be lost nor cut into it,
// nor keep the reader from reading.
func TestPingWaitsForTheWriter(t *testing.T) {
	c, peer := rawPeer(t)
	c.stream.writing.Lock() // a writer is at work
	if _, err := peer.Write([]byte("\x89\x03one" + "\x89\x03two" + "\x82\x01x")); err != nil {
		t.Fatal(err)
	}
	if got := next(t, c); string(got) != "x" {
		t.Fatalf("got %q", got)
	}
	c.stream.writing.Unlock()
	if err := c.WritePacket(nil, []byte("packet")); err != nil {
		t.Fatal(err)
	}
	if op, p, err := readFrame(peer); op != opBinary || string(p) != "packet" || err != nil {
		t.Errorf("first came opcode %d %q, %v", op, p, err)
	}
	if op, p, err := readFrame(peer); op != opPong || string(p) != "two" || err != nil {
		t.Errorf("then came opcode %d %q, %v", op, p, err)
	}
}

func TestCloseUnblocksAndIsIdempotent(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			a, b := pair(t, n)
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := a.Next(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Next: %v", err)
				}
			})
			all.Go(func() {
				for { // b does not read: this blocks, and is unblocked
					if err := a.WritePacket(nil, make([]byte, MaxPacket)); err != nil {
						if !errors.Is(err, net.ErrClosed) {
							t.Errorf("WritePacket: %v", err)
						}
						return
					}
				}
			})
			started := time.Now()
			for range 5 {
				all.Go(func() {
					if err := a.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				})
			}
			all.Wait()
			if d := time.Since(started); d > 3*time.Second { // TLS's goodbye alone would take 5 s
				t.Errorf("closing took %v", d)
			}
			if err := a.WritePacket(nil, nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("WritePacket after Close: %v", err)
			}
			for { // what had been sent, and then the end
				r, err := b.Next()
				if err == nil {
					_, err = io.Copy(io.Discard, r)
				}
				if err == nil {
					continue
				}
				if goodbye, ok := errors.AsType[*CloseError](err); ok {
					t.Errorf("b got a goodbye: %v", goodbye)
				}
				return
			}
		})
	}
}

func TestGoodbyeOfThePeer(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			a, b := pair(t, n)
			go b.ws.Close(websocket.StatusGoingAway, "reboot")
			_, err := a.Next()
			e, ok := errors.AsType[*CloseError](err)
			if !ok || e.Code != 1001 || e.Reason != "reboot" {
				t.Fatalf("Next: %v", err)
			}
			if _, err := a.Next(); err == nil {
				t.Error("Next after the goodbye succeeded")
			}
			if err := a.WritePacket(nil, nil); err == nil {
				t.Error("WritePacket after the goodbye succeeded")
			}
		})
	}
}

func TestGoodbyeWhileWriting(t *testing.T) {
	c, peer := rawPeer(t)
	c.stream.writing.Lock() // a writer is at work, and stuck
	defer c.stream.writing.Unlock()
	started := time.Now()
	if _, err := peer.Write([]byte("\x88\x02\x03\xe9")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Next(); !errors.As(err, new(*CloseError)) {
		t.Errorf("Next: %v", err)
	}
	if d := time.Since(started); d > 3*time.Second {
		t.Errorf("the goodbye was reported after %v", d)
	}
}

func TestProtocolErrors(t *testing.T) {
	tests := []struct {
		name  string
		bytes string
	}{
		{"text message", "\x81\x02hi"},
		{"reserved bits", "\xf2\x01x"},
		{"unknown opcode", "\x83\x00"},
		{"compressed", "\xc2\x01x"},
		{"continuation of nothing", "\x80\x01x"},
		{"new message inside a message", "\x02\x01a\x82\x01b"},
		{"long control frame", "\x89\x7e\x00\x7e" + strings.Repeat("x", 126)},
		{"fragmented control frame", "\x09\x01x"},
		{"negative length", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"64 KiB and one", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x01" + strings.Repeat("x", MaxPacket+1)},
		{"goodbye of one byte", "\x88\x01x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := rawPeer(t)
			go peer.Write([]byte(tt.bytes))
			r, err := c.Next()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if _, ok := errors.AsType[*ProtocolError](err); !ok {
				t.Errorf("%T: %v", err, err)
			}
			if _, err := c.Next(); err == nil {
				t.Error("the connection lived on")
			}
		})
	}
}

func TestUnmaskedFrameOfADialerIsAProtocolError(t *testing.T) {
	a, b := pair(t, overTCP)
	if _, err := a.stream.top.Write([]byte("\x82\x01x")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Next(); !errors.As(err, new(*ProtocolError)) {
		t.Errorf("%v", err)
	}
}

// A connection that ends inside a packet must not look like the end of the packet.
func TestCutInsideAPacket(t *testing.T) {
	frame := "\x82\x0812345678"
	for cut := range len(frame) {
		c, peer := rawPeer(t)
		if _, err := peer.Write([]byte(frame[:cut])); err != nil {
			t.Fatal(err)
		}
		peer.Close()
		r, err := c.Next()
		if err == nil {
			var p []byte
			for err == nil { // byte by byte, so that the cut is where a read begins
				var b [1]byte
				var n int
				n, err = r.Read(b[:])
				p = append(p, b[:n]...)
			}
			if len(p) > cut-2 {
				t.Errorf("cut at %d: read %q", cut, p)
			}
		}
		if err == io.EOF || err == nil {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestPacketTooLarge(t *testing.T) {
	a, b := pair(t, overTCP)
	if err := a.WritePacket(make([]byte, 1), make([]byte, MaxPacket)); !errors.Is(err, ErrPacketTooLarge) {
		t.Errorf("WritePacket: %v", err)
	}
	if err := a.WritePacket(nil, []byte("fine")); err != nil {
		t.Error(err)
	}
	if got := next(t, b); string(got) != "fine" {
		t.Errorf("got %q", got)
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	for _, n := range networks {
		a, b := pair(t, n)
		for _, c := range []struct {
			name     string
			from, to *Conn
		}{{"dialer", a, b}, {"acceptor", b, a}} {
			t.Run(string(n)+"/"+c.name, func(t *testing.T) {
				head, body, into := make([]byte, 20), make([]byte, 1000), make([]byte, 4096)
				allocs := testing.AllocsPerRun(500, func() {
					if err := c.from.WritePacket(head, body); err != nil {
						t.Fatal(err)
					}
					r, err := c.to.Next()
					if err != nil {
						t.Fatal(err)
					}
					for err == nil {
						_, err = r.Read(into)
					}
				})
				allowed := 0.0
				if n == overTLS {
					allowed = 1 // crypto/tls makes a reader for each record it receives
				}
				if allocs > allowed && !raceEnabled { // the race detector empties pools at random
					t.Errorf("%v allocations for a packet sent and received", allocs)
				}
			})
		}
	}
}

func TestContextOfADialDoesNotBoundTheConnection(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			url, o := newServer(t, n, echo(t), nil)
			ctx, cancel := context.WithCancel(t.Context())
			c, _, err := Dial(ctx, url, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			cancel()
			for range 10 {
				if err := c.WritePacket(nil, []byte("still there")); err != nil {
					t.Fatal(err)
				}
				if got := next(t, c); string(got) != "still there" {
					t.Fatalf("got %q", got)
				}
			}
		})
	}
}
