package wsconn

import (
	"io"
	"net/http"
	"testing"
)

// echo is a handler that accepts connections and sends each packet back, until the peer
// goes away.
func echo(t testing.TB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil, welcome)
		if err != nil {
			t.Logf("Accept: %v", err)
			return
		}
		defer c.Close()
		buf := make([]byte, MaxPacket)
		for {
			p, err := c.Next()
			if err != nil {
				return
			}
			n := 0
			for err == nil {
				var m int
				m, err = p.Read(buf[n:])
				n += m
			}
			if err != io.EOF || c.WritePacket(nil, buf[:n]) != nil {
				return
			}
		}
	})
}
