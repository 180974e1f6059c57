package wsconn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// direct sends r to the server itself, on the goroutine of the dial. An http.Transport takes three
// more, since it may keep a connection for others, which here never happens.
func (u *upgrader) direct(r *http.Request) (*http.Response, error) {
	conn, err := u.connect(r.URL)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(u.ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	resp, err := ask(conn, r)
	switch {
	case u.ctx.Err() != nil:
		return nil, context.Cause(u.ctx)
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return resp, nil // its body is a part of the dial
	case !stop():
		return nil, context.Cause(u.ctx)
	}
	return resp, nil
}

// connect opens the connection, with TLS if the URL wants it.
func (u *upgrader) connect(to *url.URL) (net.Conn, error) {
	conn, err := u.open(u.ctx, "tcp", address(to))
	if err != nil || to.Scheme != "https" {
		return conn, err
	}
	config := u.tlsConfig()
	if config.ServerName == "" {
		config.ServerName = to.Hostname()
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(u.ctx); err != nil {
		return nil, err
	}
	return secured, nil
}

// address is what to names, with its scheme's port if it names none.
func address(to *url.URL) string {
	port := to.Port()
	switch {
	case port != "":
	case to.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(to.Hostname(), port)
}

// maxInterim is how many answers with a status of 1xx may come before the one that counts.
const maxInterim = 5

var (
	errInterim = errors.New("the server has more to say before its answer than makes sense")
	errHeader  = errors.New("the head of the server's answer is above 8 KiB")
)

// ask sends r on conn and reads the head of the answer.
func ask(conn net.Conn, r *http.Request) (*http.Response, error) {
	var request bytes.Buffer
	if err := r.Write(&request); err != nil {
		return nil, err
	}
	if _, err := conn.Write(request.Bytes()); err != nil {
		return nil, err
	}
	head := &headReader{conn: conn, left: maxHeader}
	from := bufio.NewReaderSize(head, 1<<10)
	for range maxInterim + 1 {
		resp, err := http.ReadResponse(from, r)
		if err != nil {
			return nil, head.cause(err)
		}
		if secured, ok := conn.(*tls.Conn); ok {
			state := secured.ConnectionState()
			resp.TLS = &state
		}
		switch {
		case resp.StatusCode == http.StatusSwitchingProtocols:
			resp.Body = &upgraded{Conn: conn, rest: from}
			return resp, nil
		case resp.StatusCode >= http.StatusOK:
			head.left = maxHeader // of the body nobody wants more
			resp.Body = &page{Reader: resp.Body, Closer: conn}
			return resp, nil
		}
	}
	return nil, errInterim
}

// headReader reads no more than an answer's head may take.
type headReader struct {
	conn net.Conn
	left int   // bytes
	err  error // the first
}

func (h *headReader) Read(p []byte) (n int, err error) {
	if h.left == 0 {
		err = errHeader
	} else {
		n, err = h.conn.Read(p[:min(len(p), h.left)])
		h.left -= n
	}
	if h.err == nil {
		h.err = err
	}
	return n, err
}

// cause is why there is no answer, when err is what the parser has to say.
func (h *headReader) cause(err error) error {
	switch h.err {
	case nil:
		return fmt.Errorf("the server does not answer in HTTP: %w", err)
	case io.EOF:
		return fmt.Errorf("the server hung up before it answered: %w", io.ErrUnexpectedEOF)
	default:
		return h.err
	}
}

// page is the body of an answer that is no upgrade. What is left of it is not waited for.
type page struct {
	io.Reader
	io.Closer
}

// upgraded is a connection of which the first bytes may have been read along with the answer.
type upgraded struct {
	net.Conn
	rest *bufio.Reader // nil when none are left
}

func (c *upgraded) Read(p []byte) (int, error) {
	if c.rest != nil {
		if n := c.rest.Buffered(); n > 0 {
			return c.rest.Read(p[:min(len(p), n)])
		}
		c.rest = nil
	}
	return c.Conn.Read(p)
}
