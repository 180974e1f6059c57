package wsconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	brumerrors "github.com/standardbeagle/brum/errors"
)

func TestAttachExchange(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			want := testBytes(MaxAttach)
			address, o := newServer(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := Accept(w, r, nil, func(request []byte) ([]byte, bool) {
					return append([]byte("re:"), request[3:]...), bytes.Equal(request, want)
				})
				if err != nil {
					t.Error(err)
					return
				}
				c.Close()
			}), nil)
			for _, scheme := range []string{"ws", "http"} {
				c, reply, err := Dial(t.Context(), strings.Replace(address, "http", scheme, 1), want, o)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(reply, append([]byte("re:"), want[3:]...)) {
					t.Errorf("the reply has %d bytes, which are others", len(reply))
				}
				c.Close()
			}
		})
	}
}

func TestRefusalCarriesTheReply(t *testing.T) {
	address, _ := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil, func([]byte) ([]byte, bool) { return []byte("high-water mark 7"), false })
		if e, ok := errors.AsType[*RefusedError](err); c != nil || !ok || e.Status != http.StatusConflict {
			t.Errorf("Accept: %v, %v", c, err)
		}
	}), nil)
	c, reply, err := Dial(t.Context(), address, []byte("x"), nil)
	if c != nil || err != nil || string(reply) != "high-water mark 7" {
		t.Errorf("Dial: %v, %q, %v", c, reply, err)
	}
}

func TestAnswersThatAreNoUpgrade(t *testing.T) {
	answer := func(status int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			fmt.Fprintln(w, "because")
		}
	}
	tests := []struct {
		name   string
		h      http.HandlerFunc
		status int
		after  time.Duration
		kind   brumerrors.Kind
	}{
		{"unauthorized", answer(401), 401, 0, brumerrors.Unauthorized},
		{"forbidden", answer(403), 403, 0, brumerrors.Unauthorized},
		{"no endpoint", answer(404), 404, 0, brumerrors.Unsupported},
		{"redirect", answer(302, "Location", "/elsewhere"), 302, 0, brumerrors.Unsupported},
		{"busy", answer(503, "Retry-After", "7"), 503, 7 * time.Second, brumerrors.Limit},
		{"too many", answer(429, "Retry-After", "999999999"), 429, 24 * time.Hour, brumerrors.Limit},
		{"odd Retry-After", answer(429, "Retry-After", "-1"), 429, 0, brumerrors.Limit},
		{"broken", answer(500), 500, 0, brumerrors.Unknown},
		{"gateway", answer(502), 502, 0, brumerrors.Unreachable},
		{"ordinary page", answer(200), 200, 0, brumerrors.Unsupported},
		{"conflict of another kind", answer(409), 409, 0, brumerrors.Unsupported},
		{"refusal in bad base64", answer(409, replyHeader, "?"), 0, 0, brumerrors.Protocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(tt.h)
			defer s.Close()
			c, reply, err := Dial(t.Context(), s.URL, nil, nil)
			if c != nil || reply != nil || err == nil {
				t.Fatalf("Dial: %v, %q, %v", c, reply, err)
			}
			if got := brumerrors.Of(err); got != tt.kind || brumerrors.RetryAfter(err) != tt.after {
				t.Errorf("kind %v, retry after %v", got, brumerrors.RetryAfter(err))
			}
			if tt.kind == brumerrors.Protocol {
				return
			}
			e, ok := errors.AsType[*StatusError](err)
			if !ok || e.Status != tt.status || e.After != tt.after || e.Body != "because" {
				t.Errorf("%+v (%v)", e, err)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error has several lines: %q", err)
			}
		})
	}
}

func TestUpgradesThatAreNotOurs(t *testing.T) {
	for name, drop := range map[string]string{
		"no subprotocol": "Sec-Websocket-Protocol", "no reply": replyHeader, "no answer to the key": "Sec-Websocket-Accept",
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Connection", "Upgrade")
				h.Set("Upgrade", "websocket")
				h.Set("Sec-Websocket-Accept", acceptKey(r.Header.Get("Sec-Websocket-Key")))
				h.Set("Sec-Websocket-Protocol", Subprotocol)
				h.Set(replyHeader, "AAAA")
				h.Del(drop)
				w.WriteHeader(101)
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				if drop != "Sec-Websocket-Accept" {
					conn.Read(make([]byte, 1)) // until the dialer hangs up
				}
			}))
			defer s.Close()
			if c, _, err := Dial(t.Context(), s.URL, nil, nil); c != nil || !errors.As(err, new(*ProtocolError)) {
				t.Errorf("Dial: %v, %v", c, err)
			}
		})
	}
}

func TestTwoLinesOfRequestNeverLeave(t *testing.T) {
	if _, _, err := Dial(t.Context(), "ws://127.0.0.1:1", testBytes(MaxAttach+1), nil); err == nil {
		t.Error("dialled with a request above the limit")
	}
}

func TestDialErrorsKeepTheirCause(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, _, err = Dial(t.Context(), "ws://"+l.Addr().String()+"/path?token=secret", nil, nil)
	if !errors.As(err, new(*net.OpError)) || !errors.As(err, new(syscall.Errno)) {
		t.Errorf("nobody listens: %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error repeats the query: %v", err)
	}

	address, _ := newServer(t, overTLS, echo(t), nil)
	if _, _, err = Dial(t.Context(), address, nil, nil); !selfSigned(err) {
		t.Errorf("unknown certificate: %v", err)
	}

	plain, _ := newServer(t, overTCP, echo(t), nil)
	if _, _, err = Dial(t.Context(), strings.Replace(plain, "http", "wss", 1), nil, nil); err == nil {
		t.Error("TLS to a server without TLS succeeded")
	}

	for _, bad := range []string{"", "127.0.0.1:7777", "ftp://127.0.0.1/", "ws://", "ws://[::1", "ws://127.0.0.1:port"} {
		if _, _, err := Dial(t.Context(), bad, nil, nil); err == nil {
			t.Errorf("dialled %q", bad)
		}
	}
}

// silent accepts connections and says nothing on them until the test ends.
func silent(t *testing.T) (address string, dropped <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 4096)
		for err == nil {
			_, err = c.Read(buf)
		}
	}()
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), gone
}

func TestDialIsBounded(t *testing.T) {
	for _, scheme := range []string{"ws://", "wss://"} {
		address, dropped := silent(t)
		_, _, err := Dial(t.Context(), scheme+address, nil, &DialOptions{Timeout: 20 * time.Millisecond})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("own timeout: %v", err)
		}
		<-dropped // the connection is not left open

		address, dropped = silent(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, _, err = Dial(ctx, scheme+address, nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		<-dropped
	}
}

func TestEndlessAnswerIsBounded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Filler", strings.Repeat("x", 64<<10))
		w.WriteHeader(409)
	}))
	defer s.Close()
	if c, reply, err := Dial(t.Context(), s.URL, nil, nil); err == nil {
		t.Errorf("Dial: %v, %q", c, reply)
	}
}

func TestEachDialHasItsOwnTCPConnection(t *testing.T) {
	remotes := make(map[string]bool)
	address, o := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remotes[r.RemoteAddr] = true // one request at a time: each Dial waits for its answer
		w.WriteHeader(404)
	}), nil)
	for range 5 {
		if _, _, err := Dial(t.Context(), address, nil, o); err == nil {
			t.Fatal("dialled")
		}
	}
	if len(remotes) != 5 {
		t.Errorf("5 dials used %d connections", len(remotes))
	}
}

func TestDialThroughAProxy(t *testing.T) {
	address, o := newServer(t, overTLS, echo(t), nil)
	target, _ := url.Parse(address)
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			defer up.Close()
			up.(*net.TCPConn).ReadFrom(down)
		}()
		go func() {
			defer down.Close()
			down.(*net.TCPConn).ReadFrom(up)
		}()
	}))
	defer proxy.Close()
	via, _ := url.Parse(proxy.URL)
	o.Proxy = http.ProxyURL(via)
	c, _, err := Dial(t.Context(), address, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, want := <-asked, "CONNECT "+target.Host; got != want {
		t.Errorf("the proxy was asked to %q, want %q", got, want)
	}
	for _, size := range []int{10, 40000} {
		want := testBytes(size)
		if err := c.WritePacket(nil, want); err != nil {
			t.Fatal(err)
		}
		if got := next(t, c); !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back as %d others", size, len(got))
		}
	}
}

// Virtual time: a dial that is not bounded by its context ends after 30 s.
func TestDefaultTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		_, _, err := Dial(t.Context(), "ws://example.invalid", nil, &DialOptions{
			Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
	})
}
