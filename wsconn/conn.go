package wsconn

import (
	"context"
	"io"
	"net"
	"sync/atomic"

	"github.com/coder/websocket"
	"github.com/standardbeagle/brum/errors"
)

// Subprotocol is the WebSocket subprotocol that both sides must offer.
const Subprotocol = "brum.session.v1"

// MaxPacket is the largest packet, in bytes. WritePacket refuses more, and a peer that
// sends more has broken the protocol.
const MaxPacket = 64 << 10

// Conn is one WebSocket connection that carries packets, made by [Dial] or [Accept].
//
// One goroutine may call Next and read packets, one at a time may call WritePacket;
// the two, and Close from anywhere, may run concurrently.
type Conn struct {
	ws     *websocket.Conn
	stream *stream
	masks  bool // the dialing side masks what it sends (RFC 6455 §5.3)
	closed atomic.Bool
	// roundTrips is what the dial took.
	roundTrips int
	packet     packetReader // owned by the goroutine that calls Next

	// pong is the answer that is due to the peer's latest WebSocket ping.
	pong atomic.Pointer[[]byte]
}

// Next blocks until a packet begins to arrive and returns a reader of it, which is valid
// until the next call. A packet not read to io.EOF is skipped.
//
// The error is a *[CloseError] when the peer said goodbye, a *[ProtocolError] when it sent
// what it may not send, net.ErrClosed after Close, and otherwise what the network reported.
// Every error is final.
func (c *Conn) Next() (io.Reader, error) {
	if c.packet.open {
		if _, err := io.Copy(io.Discard, &c.packet); err != nil {
			return nil, err
		}
	}
	typ, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return nil, c.readError(err)
	}
	if typ != websocket.MessageBinary {
		_ = c.Close()
		return nil, &ProtocolError{What: "a text message"}
	}
	c.packet = packetReader{c: c, r: r, open: true}
	return &c.packet, nil
}

type packetReader struct {
	c    *Conn
	r    io.Reader
	open bool // not read to io.EOF yet
}

func (p *packetReader) Read(b []byte) (int, error) {
	if !p.open {
		return 0, io.EOF
	}
	n, err := p.r.Read(b)
	switch {
	case err == nil:
	case err == io.EOF: // the stream below never reports io.EOF: this is the packet's end
		p.open = false
	default:
		err = p.c.readError(err)
	}
	return n, err
}

// readError finds what is behind an error of the WebSocket library, which wraps many times
// and replaces network errors once the connection is closed.
func (c *Conn) readError(err error) error {
	if goodbye, ok := errors.AsType[websocket.CloseError](err); ok {
		return &CloseError{Code: int(goodbye.Code), Reason: goodbye.Reason}
	}
	if c.closed.Load() {
		return net.ErrClosed
	}
	cause := c.stream.readErr
	_ = c.Close()
	switch {
	case errors.Is(err, websocket.ErrMessageTooBig):
		return &ProtocolError{What: "a packet of more than 64 KiB", Err: err}
	case cause != nil:
		return cause
	default: // reading went well, so the library disliked what it read
		return &ProtocolError{What: "a malformed frame", Err: err}
	}
}

// WritePacket sends head and body, concatenated, as one packet. It retains and changes
// neither. It blocks while the network takes no more; Close ends that. Every error is
// final, except that of a packet above [MaxPacket], of which nothing was sent.
func (c *Conn) WritePacket(head, body []byte) error {
	if len(head)+len(body) > MaxPacket {
		return ErrPacketTooLarge
	}
	c.stream.writing.Lock()
	err := c.writeFrame(opBinary, head, body)
	c.stream.writing.Unlock()
	if err != nil {
		if c.closed.Load() {
			return net.ErrClosed
		}
		_ = c.Close() // a part of a frame may be on its way: nothing can follow it
		return err
	}
	c.answerPing()
	return nil
}

// onPing notes that the peer wants a pong. The library would send it from the reading
// goroutine and give up the connection after 5 s; a pong of ours waits behind a packet
// that is being written, and is then sent by whoever writes that.
func (c *Conn) onPing(_ context.Context, payload []byte) bool {
	p := append([]byte(nil), payload...)
	c.pong.Store(&p)
	c.answerPing()
	return false
}

// answerPing sends the pong that is due, unless a writer is at work, who will do it.
func (c *Conn) answerPing() {
	for c.pong.Load() != nil && c.stream.writing.TryLock() {
		if p := c.pong.Swap(nil); p != nil {
			_ = c.writeFrame(opPong, *p, nil) // the reader will see what is wrong
		}
		c.stream.writing.Unlock()
	}
}

// Close ends the connection at once, without a goodbye, and unblocks Next and WritePacket.
// It may be called more than once.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	err := c.stream.Close()
	_ = c.ws.CloseNow() // returns the library's buffers; the stream is closed already
	return err
}

// LocalAddr is this side's network address.
func (c *Conn) LocalAddr() net.Addr { return c.stream.LocalAddr() }

// RemoteAddr is the peer's network address (a proxy's, if one is between).
func (c *Conn) RemoteAddr() net.Addr { return c.stream.RemoteAddr() }
