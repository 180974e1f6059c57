package sessiontest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/standardbeagle/brum/session"
)

// packetHead is the length of a packet, in front of it on a stream of bytes.
const packetHead = 4

// maxFramed bounds what a head may announce: a packet, and room for tests that send more.
const maxFramed = 1 << 20

// Packets carries packets over a stream of bytes: each behind its length, 4 bytes, big-endian.
// It is the simplest of transports, without any way to attach.
func Packets(conn net.Conn) session.Conn { return &packetConn{Conn: conn} }

// Pipe returns the two ends of a connection in memory and the link between them.
func Pipe() (dialing, accepting session.Conn, l *Link) {
	l = newLink(Conditions{}, 1)
	return Packets(l.ends[ToAcceptor]), Packets(l.ends[ToDialer]), l
}

type packetConn struct {
	net.Conn
	packet packetReader // owned by the goroutine that calls Next
}

func (c *packetConn) Next() (io.Reader, error) {
	var head [packetHead]byte
	if _, err := io.ReadFull(c.Conn, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFramed {
		return nil, fmt.Errorf("sessiontest: a packet of %d bytes", n)
	}
	c.packet = packetReader{c.Conn, int(n)}
	return &c.packet, nil
}

// packetReader reads one packet. The end of the connection inside it is not its end.
type packetReader struct {
	r    io.Reader
	left int
}

func (p *packetReader) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *packetConn) WritePacket(head, body []byte) error {
	p := make([]byte, 0, packetHead+len(head)+len(body))
	p = binary.BigEndian.AppendUint32(p, uint32(len(head)+len(body)))
	_, err := c.Write(append(append(p, head...), body...))
	return err
}

// readPacket returns the next packet of c, whole.
func readPacket(c session.Conn) ([]byte, error) {
	r, err := c.Next()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
