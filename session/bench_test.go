package session

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"
)

// channel is a connection in memory that costs next to nothing, so that what is measured is
// the session's: packets are copied into buffers that are used again.
type channel struct {
	in, out *packets
	reader  packetReader
}

type packets struct {
	full, free chan []byte
	closed     chan struct{}
	once       *sync.Once
}

const channelPackets = 64

func newChannel() (a, b *channel) {
	closed, once := make(chan struct{}), new(sync.Once)
	direction := func() *packets {
		p := &packets{make(chan []byte, channelPackets), make(chan []byte, channelPackets), closed, once}
		for range channelPackets {
			p.free <- nil
		}
		return p
	}
	x, y := direction(), direction()
	return &channel{in: x, out: y}, &channel{in: y, out: x}
}

func (c *channel) WritePacket(head, body []byte) error {
	select {
	case p := <-c.out.free:
		c.out.full <- append(append(p[:0], head...), body...)
		return nil
	case <-c.out.closed:
		return io.ErrClosedPipe
	}
}

func (c *channel) Next() (io.Reader, error) {
	if c.reader.packet != nil {
		c.in.free <- c.reader.packet
		c.reader.packet = nil
	}
	select {
	case p := <-c.in.full:
		c.reader = packetReader{packet: p}
		return &c.reader, nil
	case <-c.in.closed:
		return nil, io.ErrUnexpectedEOF
	}
}

func (c *channel) Close() error {
	c.in.once.Do(func() { close(c.in.closed) })
	return nil
}

type packetReader struct {
	packet []byte
	read   int
}

func (r *packetReader) Read(p []byte) (int, error) {
	if r.read == len(r.packet) {
		return 0, io.EOF
	}
	n := copy(p, r.packet[r.read:])
	r.read += n
	return n, nil
}

// benchPair is a session over a channel.
func benchPair(t testing.TB) (dialed, accepted *Session) {
	t.Helper()
	acceptor, err := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}})
	if err != nil {
		t.Fatal(err)
	}
	dialed, err = Dial(func(_ context.Context, request []byte) (Conn, []byte, error) {
		at := acceptor.Attach(request)
		if !at.Accepted() {
			return nil, at.Reply(), nil
		}
		near, far := newChannel()
		at.Bind(far)
		return near, at.Reply(), nil
	}, &Config{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if accepted, err = acceptor.Accept(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.CloseNow(); accepted.CloseNow() })
	return dialed, accepted
}

// flow sends n messages, and returns when they have been received into one buffer.
func flow(t testing.TB, from, to *Session, msg []byte, n int) {
	ctx := context.Background()
	received := make(chan error, 1)
	go func() {
		var buf []byte
		var err error
		for i := 0; i < n && err == nil; i++ {
			buf, err = to.ReceiveAppend(ctx, buf[:0])
		}
		received <- err
	}()
	for range n {
		if err := from.Send(ctx, msg); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-received; err != nil {
		t.Fatal(err)
	}
}

func BenchmarkOneWay(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 32 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			from, to := benchPair(b)
			msg := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			flow(b, from, to, msg, b.N)
		})
	}
}

// echoAll sends back what it receives, until the session ends.
func echoAll(s *Session) {
	ctx := context.Background()
	for buf, err := s.ReceiveAppend(ctx, nil); err == nil; buf, err = s.ReceiveAppend(ctx, buf[:0]) {
		if s.Send(ctx, buf) != nil {
			return
		}
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	near, far := benchPair(b)
	go echoAll(far)
	ctx := context.Background()
	msg := make([]byte, 128)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		if err := near.Send(ctx, msg); err != nil {
			b.Fatal(err)
		}
		var err error
		if buf, err = near.ReceiveAppend(ctx, buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTrySend is a send alone, without its packet's way.
func BenchmarkTrySend(b *testing.B) {
	near, far := benchPair(b)
	go func() {
		var buf []byte
		var err error
		for err == nil {
			buf, err = far.ReceiveAppend(context.Background(), buf[:0])
		}
	}()
	msg := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		for near.TrySend(msg) != nil {
			runtime.Gosched()
		}
	}
}
