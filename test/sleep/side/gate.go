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

// OpenGate offers what listens on a loopback port to the other side, encrypted, as a reverse
// proxy in front of an instance does. It stays open.
func OpenGate(address string, port int, cert tls.Certificate) error {
	target := &url.URL{Scheme: "http", Host: fmt.Sprint("127.0.0.1:", port)}
	return ServeTLS(address, &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo), // of attempts that were given up
	}, cert)
}

// ServeTLS serves h on address for as long as the process lives.
func ServeTLS(address string, h http.Handler, cert tls.Certificate) error {
	if err := wsconn.CheckListenAddress(address, true); err != nil {
		return err
	}
	l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	go wsconn.NewServer(h, &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)}).Serve(l)
	return nil
}
