package wsconn

import (
	"crypto/tls"
	"net"
	"net/http"
)

// ahead is a connection that was there before the dial that uses it.
type ahead struct{ net.Conn }

// Ahead marks a connection that DialOptions.DialContext did not open for this dial but had
// open already: it costs the dial no round trip.
func Ahead(c net.Conn) net.Conn { return ahead{c} }

// RoundTrips is how often the dial that made this connection had to wait for the peer: for
// TCP unless the connection was open [Ahead], for TLS where there is any, and for the upgrade.
// It is 0 on the accepting side. Proxies are not counted.
func (c *Conn) RoundTrips() int { return c.roundTrips }

// roundTrips counts those of the dial that got resp.
func (u *upgrader) roundTrips(resp *http.Response) int {
	n := 1
	u.mu.Lock()
	if !u.ahead {
		n++
	}
	u.mu.Unlock()
	switch {
	case resp.TLS == nil:
	case resp.TLS.Version < tls.VersionTLS13 && !resp.TLS.DidResume:
		n += 2
	default:
		n++
	}
	return n
}
