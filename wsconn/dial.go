package wsconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
	"github.com/standardbeagle/brum/errors"
)

// DialOptions adjust Dial. nil and zero values mean defaults.
type DialOptions struct {
	// Timeout bounds the whole dial, besides its context. Default 30 s.
	Timeout time.Duration
	// TLS is used for wss and https. Default: the system's roots, TLS 1.2 or better.
	TLS *tls.Config
	// Header is sent along. It must not contain what the upgrade itself uses.
	Header http.Header
	// Proxy as in http.Transport. Default http.ProxyFromEnvironment, which leaves
	// loopback addresses alone.
	Proxy func(*http.Request) (*url.URL, error)
	// DialContext opens the TCP connection. Default: a net.Dialer, for which localhost is
	// 127.0.0.1 or ::1, whichever answers, without a look-up.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

const defaultDialTimeout = 30 * time.Second

// Dial opens a connection to rawURL (ws, wss, http or https) on a TCP connection of its own,
// and sends request, at most [MaxAttach] bytes, with the upgrade. It returns the connection
// with the peer's reply, or, when the peer refused, no connection, its reply and no error.
//
// Redirects are not followed. Besides network and TLS errors, which are wrapped, there are
// *[StatusError] (the server answered something else) and *[ProtocolError] (it answered
// what makes no sense). The context bounds the dial only, not the connection.
func Dial(ctx context.Context, rawURL string, request []byte, o *DialOptions) (*Conn, []byte, error) {
	target, err := parseTarget(rawURL)
	if err != nil {
		return nil, nil, err
	}
	c, reply, err := dial(ctx, target, request, withDialDefaults(o))
	if err != nil {
		return nil, nil, fmt.Errorf("wsconn: dial %s://%s%s: %w", target.Scheme, target.Host, target.Path, err)
	}
	return c, reply, nil
}

func parseTarget(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("wsconn: dial: %w", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return nil, fmt.Errorf("wsconn: dial: scheme %q is none of ws, wss, http, https", u.Scheme)
	}
	if u.Host == "" {
		return nil, errors.New("wsconn: dial: the URL has no host")
	}
	return u, nil
}

func withDialDefaults(o *DialOptions) DialOptions {
	var d DialOptions
	if o != nil {
		d = *o
	}
	if d.Timeout == 0 {
		d.Timeout = defaultDialTimeout
	}
	if d.Proxy == nil {
		d.Proxy = http.ProxyFromEnvironment
	}
	if d.DialContext == nil {
		d.DialContext = DialTCP
	}
	return d
}

func dial(ctx context.Context, target *url.URL, request []byte, o DialOptions) (*Conn, []byte, error) {
	line, err := encodeAttach(attachHeader, request)
	if err != nil {
		return nil, nil, err
	}
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(attachHeader, line)

	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	c := &Conn{masks: true}
	upgrade := &upgrader{ctx: ctx, options: o}
	ws, resp, err := websocket.Dial(ctx, target.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     upgrade,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader:      header,
		Subprotocols:    []string{Subprotocol},
		CompressionMode: websocket.CompressionDisabled,
		OnPingReceived:  c.onPing,
	})
	if err != nil {
		reply, err := refusal(resp, err)
		upgrade.abandon()
		return nil, reply, err
	}
	c.ws, c.stream, c.roundTrips = ws, upgrade.stream, upgrade.roundTrips(resp)
	ws.SetReadLimit(MaxPacket)

	reply, err := decodeAttach(resp.Header, replyHeader)
	if err != nil {
		_ = c.Close()
		return nil, nil, &ProtocolError{What: "an unusable answer", Err: err}
	}
	if ws.Subprotocol() != Subprotocol {
		_ = c.Close()
		return nil, nil, &ProtocolError{What: fmt.Sprintf("the subprotocol %q", ws.Subprotocol())}
	}
	return c, reply, nil
}

// refusal finds out why a dial failed. A refusal by the peer itself is not an error.
func refusal(resp *http.Response, err error) ([]byte, error) {
	if resp == nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			return nil, e.Err // the rest of the text repeats the URL
		}
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil, &ProtocolError{What: "an unusable answer", Err: err}
	case resp.StatusCode == http.StatusConflict && len(resp.Header[replyHeader]) > 0:
		reply, err := decodeAttach(resp.Header, replyHeader)
		if err != nil {
			return nil, &ProtocolError{What: "an unusable refusal", Err: err}
		}
		return reply, nil
	}
	return nil, &StatusError{
		Status: resp.StatusCode,
		After:  retryAfter(resp.Header, time.Now()),
		Body:   firstLine(resp.Body),
	}
}

func firstLine(r io.Reader) string {
	if r == nil {
		return ""
	}
	p, _ := io.ReadAll(io.LimitReader(r, 200))
	line, _, _ := bytes.Cut(p, []byte("\n"))
	return string(bytes.TrimSpace(line))
}
