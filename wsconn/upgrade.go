package wsconn

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
)

// upgrader is the RoundTripper of one dial. It puts a stream between the WebSocket library
// and whatever connection the upgrade ended up on (plain, TLS, or either through a proxy).
type upgrader struct {
	ctx     context.Context // of the dial: an http.Transport goes on dialing, and shaking hands, for a request that was given up
	options DialOptions
	stream  *stream

	mu        sync.Mutex // guards following: a transport dials in a goroutine of its own
	bottom    net.Conn
	abandoned bool
	ahead     bool // bottom was open before
}

// open opens the TCP connection, and notes it, unless nobody wants it any more.
func (u *upgrader) open(_ context.Context, network, address string) (net.Conn, error) {
	conn, err := u.options.DialContext(u.ctx, network, address)
	if err != nil {
		return nil, err
	}
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

func (u *upgrader) tlsConfig() *tls.Config {
	config := u.options.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.NextProtos = []string{"http/1.1"} // HTTP/2 has no upgrade
	return config
}

func (u *upgrader) RoundTrip(r *http.Request) (*http.Response, error) {
	proxy, err := u.options.Proxy(r)
	if err != nil {
		return nil, err
	}
	var resp *http.Response
	if proxy == nil && ascii(r.URL.Host) {
		resp, err = u.direct(r)
	} else {
		resp, err = u.transport(proxy).RoundTrip(r)
	}
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

// transport knows how to ask proxies, and how to spell international names.
func (u *upgrader) transport(proxy *url.URL) http.RoundTripper {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyURL(proxy),
		TLSClientConfig:        u.tlsConfig(),
		Protocols:              protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		DialContext:            u.open,
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
