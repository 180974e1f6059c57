package main

import "io"

// source is a connection that is asked for its messages.
type source interface {
	// receive returns the next message, which is valid until the next call.
	receive() ([]byte, error)
}

// pull is conn.each for a source.
func pull(s source, f func([]byte) bool) error {
	for {
		msg, err := s.receive()
		if err != nil {
			return err
		}
		if !f(msg) {
			return nil
		}
	}
}

// serveSource gives a receiver all that arrives at the server's end of a connection.
func serveSource(c interface {
	source
	sender
}, accept func(sender) receiver) {
	defer c.close()
	take := accept(c)
	for {
		msg, err := c.receive()
		if err != nil || take(msg) != nil {
			return
		}
	}
}

// readInto appends all of r to buf.
func readInto(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
