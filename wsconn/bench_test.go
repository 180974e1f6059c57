package wsconn

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
)

// The benchmarks send packets over loopback with a Conn and, for comparison, with the
// WebSocket library as it comes, at its best: one goroutine writes, one reads into a buffer
// of its own.

var benchSizes = []int{64, 1 << 10, 32 << 10}

func BenchmarkConn_Throughput(b *testing.B) {
	for _, n := range networks {
		for _, size := range benchSizes {
			for _, from := range []string{"dialer", "acceptor"} {
				b.Run(fmt.Sprintf("%s/%d/%s", n, size, from), func(b *testing.B) {
					w, r := pair(b, n)
					if from == "acceptor" {
						w, r = r, w
					}
					head, body, into := testBytes(16), testBytes(size-16), make([]byte, MaxPacket)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					b.ResetTimer()
					go func() {
						for range b.N {
							if err := w.WritePacket(head, body); err != nil {
								b.Error(err)
								return
							}
						}
					}()
					for range b.N {
						p, err := r.Next()
						if err != nil {
							b.Fatal(err)
						}
						drain(p, into)
					}
				})
			}
		}
	}
}

func BenchmarkCoder_Throughput(b *testing.B) {
	for _, n := range networks {
		for _, size := range benchSizes {
			for _, from := range []string{"dialer", "acceptor"} {
				b.Run(fmt.Sprintf("%s/%d/%s", n, size, from), func(b *testing.B) {
					w, r := barePair(b, n)
					if from == "acceptor" {
						w, r = r, w
					}
					msg, into := testBytes(size), make([]byte, MaxPacket)
					ctx := context.Background()
					b.SetBytes(int64(size))
					b.ReportAllocs()
					b.ResetTimer()
					go func() {
						for range b.N {
							if err := w.Write(ctx, websocket.MessageBinary, msg); err != nil {
								b.Error(err)
								return
							}
						}
					}()
					for range b.N {
						_, p, err := r.Reader(ctx)
						if err != nil {
							b.Fatal(err)
						}
						drain(p, into)
					}
				})
			}
		}
	}
}

func BenchmarkConn_RoundTrip(b *testing.B) {
	for _, n := range networks {
		b.Run(string(n), func(b *testing.B) {
			url, o := newServer(b, n, echo(b), nil)
			c, _, err := Dial(b.Context(), url, nil, o)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			msg, into := testBytes(64), make([]byte, 128)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.WritePacket(nil, msg); err != nil {
					b.Fatal(err)
				}
				p, err := c.Next()
				if err != nil {
					b.Fatal(err)
				}
				drain(p, into)
			}
		})
	}
}

func BenchmarkCoder_RoundTrip(b *testing.B) {
	for _, n := range networks {
		b.Run(string(n), func(b *testing.B) {
			c, peer := barePair(b, n)
			ctx := context.Background()
			go func() {
				into := make([]byte, 128)
				for {
					_, p, err := peer.Reader(ctx)
					if err != nil {
						return
					}
					if peer.Write(ctx, websocket.MessageBinary, into[:drain(p, into)]) != nil {
						return
					}
				}
			}()
			msg, into := testBytes(64), make([]byte, 128)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Write(ctx, websocket.MessageBinary, msg); err != nil {
					b.Fatal(err)
				}
				_, p, err := c.Reader(ctx)
				if err != nil {
					b.Fatal(err)
				}
				drain(p, into)
			}
		})
	}
}

func BenchmarkConn_Dial(b *testing.B) {
	for _, n := range networks {
		b.Run(string(n), func(b *testing.B) {
			url, o := newServer(b, n, echo(b), nil)
			for b.Loop() {
				c, _, err := Dial(b.Context(), url, nil, o)
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}

// drain reads r to its end and returns how many bytes it had.
func drain(r io.Reader, into []byte) int {
	size := 0
	for {
		n, err := r.Read(into[size:])
		size += n
		if err != nil {
			return size
		}
	}
}

// barePair is a connection of the WebSocket library as it comes.
func barePair(t testing.TB, n network) (dialed, accepted *websocket.Conn) {
	t.Helper()
	dialed, accepted = barePairsOver(t, n)()
	t.Cleanup(func() {
		dialed.CloseNow()
		accepted.CloseNow()
	})
	return dialed, accepted
}

func barePairs(t testing.TB) func() (dialed, accepted *websocket.Conn) {
	return barePairsOver(t, overTCP)
}

func barePairsOver(t testing.TB, n network) func() (dialed, accepted *websocket.Conn) {
	t.Helper()
	ends := make(chan *websocket.Conn, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
		}
		ends <- c
	}))
	if n == overTLS {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return func() (*websocket.Conn, *websocket.Conn) {
		dialed, _, err := websocket.Dial(t.Context(), s.URL, &websocket.DialOptions{HTTPClient: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		accepted := <-ends
		dialed.SetReadLimit(MaxPacket)
		accepted.SetReadLimit(MaxPacket)
		return dialed, accepted
	}
}
