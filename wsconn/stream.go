package wsconn

import (
	"crypto/tls"
	"io"
	"net"
	"sync"

	"github.com/standardbeagle/brum/errors"
)

// stream is what the WebSocket library gets to see as its network connection. It reads
// through it; of its writes only close frames come this way, since a Conn writes its
// frames itself.
type stream struct {
	net.Conn                    // the bottom: the TCP connection, for its addresses and for closing
	top      io.ReadWriteCloser // what is read and written: the same or TLS on it

	writing sync.Mutex // held while a frame is being written to top

	readErr error // the first error of a read; owned by the reading goroutine
}

func newStream(top io.ReadWriteCloser, bottom net.Conn) *stream {
	if t, ok := bottom.(*tls.Conn); ok {
		bottom = t.NetConn()
	}
	return &stream{Conn: bottom, top: top}
}

// Read never returns io.EOF: the library would take an end of the connection inside a
// message for the end of that message.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.top.Read(p)
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if s.readErr == nil {
			s.readErr = err
		}
	}
	return n, err
}

// Write sends a close frame of the library, a whole one. When a packet is being written the
// close frame is dropped, because waiting would keep the reading goroutine from reporting
// why the connection ends.
func (s *stream) Write(p []byte) (int, error) {
	if !s.writing.TryLock() {
		return len(p), nil
	}
	defer s.writing.Unlock()
	return s.top.Write(p)
}

// Close closes from the bottom: closing TLS first would try to send an alert, and wait up to
// 5 s for a peer that takes nothing.
func (s *stream) Close() error {
	err := s.Conn.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	_ = s.top.Close() // nothing new if it is the same
	return err
}
