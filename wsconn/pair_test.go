package wsconn

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// network is how the two sides of a test are joined.
type network string

const (
	overTCP network = "tcp"
	overTLS network = "tls"
)

var networks = []network{overTCP, overTLS}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newServer serves h on loopback as NewServer configures it, and returns its URL and the
// options to dial it with.
func newServer(t testing.TB, n network, h http.Handler, o *ServerOptions) (url string, d *DialOptions) {
	t.Helper()
	if o == nil {
		o = &ServerOptions{}
	}
	o.Logger = discard()
	s := httptest.NewUnstartedServer(nil)
	s.Config = NewServer(h, o)
	d = &DialOptions{}
	if n == overTLS {
		s.StartTLS()
		d.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL, d
}

// welcome is an attach callback that answers with its request.
func welcome(request []byte) ([]byte, bool) { return request, true }

// pair returns the two ends of a connection.
func pair(t testing.TB, n network) (dialed, accepted *Conn) {
	t.Helper()
	dialed, accepted = pairsOver(t, n)()
	t.Cleanup(func() {
		dialed.Close()
		accepted.Close()
	})
	return dialed, accepted
}

// pairs returns a function that opens a connection to the same server each time; its caller
// closes both ends.
func pairs(t testing.TB) func() (dialed, accepted *Conn) { return pairsOver(t, overTCP) }

func pairsOver(t testing.TB, n network) func() (dialed, accepted *Conn) {
	t.Helper()
	ends := make(chan *Conn, 1)
	url, o := newServer(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil, welcome)
		if err != nil {
			t.Errorf("Accept: %v", err)
		}
		ends <- c
	}), nil)
	return func() (*Conn, *Conn) {
		c, _, err := Dial(t.Context(), url, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		return c, <-ends
	}
}

// next returns the next packet of c.
func next(t testing.TB, c *Conn) []byte {
	t.Helper()
	r, err := c.Next()
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	p, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return p
}

// rawPeer accepts one connection on which the test speaks WebSocket frames itself, and
// returns it with the dialed Conn.
func rawPeer(t testing.TB) (*Conn, net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	url, o := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hw := &hijackWriter{ResponseWriter: w}
		w.Header().Set(replyHeader, "")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-Websocket-Protocol", Subprotocol)
		w.Header().Set("Sec-Websocket-Accept", acceptKey(r.Header.Get("Sec-Websocket-Key")))
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := http.NewResponseController(hw.ResponseWriter).Hijack()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}), nil)
	c, _, err := Dial(t.Context(), url, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	conn := <-accepted
	t.Cleanup(func() {
		c.Close()
		conn.Close()
	})
	return c, conn
}

// selfSigned is reported by clients that do not know the test server's certificate.
func selfSigned(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e)
}
