//go:build sleep && linux

package side

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/standardbeagle/brum/wsconn"
)

// Gate offers what listens on a loopback port to the other side, encrypted, as a reverse proxy
// before an instance does.
type Gate struct{ server *http.Server }

// OpenGate opens a gate on address that leads to port.
func OpenGate(address string, port int, cert tls.Certificate) (*Gate, error) {
	target := &url.URL{Scheme: "http", Host: fmt.Sprint("127.0.0.1:", port)}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}
	server, err := ServeTLS(address, proxy, cert)
	if err != nil {
		return nil, err
	}
	return &Gate{server}, nil
}

// Close closes the gate. Who came through it stays.
func (g *Gate) Close() { g.server.Close() }

// ServeTLS serves h on address.
func ServeTLS(address string, h http.Handler, cert tls.Certificate) (*http.Server, error) {
	if err := wsconn.CheckListenAddress(address, true); err != nil {
		return nil, err
	}
	l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	server := wsconn.NewServer(h, &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	go server.Serve(l)
	return server, nil
}
