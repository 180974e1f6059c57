package wsconn

import (
	"context"
	"net"
	"net/http"
	"testing"
)

func TestL2_RoundTrips(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := Accept(w, r, nil, welcome); err == nil {
			t.Cleanup(func() { c.Close() })
		}
	})
	for _, n := range networks {
		want := map[network]int{overTCP: 2, overTLS: 3}[n]
		url, o := newServer(t, n, handler, nil)
		for _, open := range []bool{false, true} {
			if open {
				o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					c, err := DialTCP(ctx, network, address)
					return Ahead(c), err
				}
				want--
			}
			c, _, err := Dial(t.Context(), url, []byte("x"), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.RoundTrips(); got != want {
				t.Errorf("%s, open before %t: %d round trips, want %d", n, open, got, want)
			}
			c.Close()
		}
	}
}
