package wsconn

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// upgrader is the RoundTripper of one dial. It puts a stream between the WebSocket library
// and whatever connection the upgrade ended up on (plain, TLS, or either through a proxy).
type upgrader struct {
	http   *http.Transport
	stream *stream

	mu        sync.Mutex // guards following: the transport dials in a goroutine of its own
	bottom    net.Conn
	abandoned bool
	ahead     bool // bottom was open before
}

// newUpgrader returns an upgrader whose dialing ends with ctx. The transport itself goes on
// dialing, and shaking hands, for a request that was given up.
func newUpgrader(ctx context.Context, o DialOptions) *upgrader {
	u := &upgrader{}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // HTTP/2 has no upgrade
	config := o.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.NextProtos = []string{"http/1.1"}
	u.http = &http.Transport{
		Proxy:                  o.Proxy,
		TLSClientConfig:        config,
		Protocols:              protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			conn, err := o.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return u.keep(conn)
		},
	}
	return u
}

// keep notes the connection that was dialled, unless nobody wants it any more.
func (u *upgrader) keep(conn net.Conn) (net.Conn, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.abandoned {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	if a, ok := conn.(ahead); ok {
		conn, u.ahead = a.Conn, true
	}
	u.bottom = conn
	return conn, nil
}

// abandon closes what a failed dial has opened or is about to open.
func (u *upgrader) abandon() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.abandoned = true
	if u.bottom != nil {
		_ = u.bottom.Close()
	}
}

func (u *upgrader) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.http.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return resp, err
	}
	top, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the upgraded connection is a %T, which can't be written to", resp.Body)
	}
	u.mu.Lock()
	u.stream = newStream(top, u.bottom)
	u.mu.Unlock()
	resp.Body = u.stream
	return resp, nil
}
