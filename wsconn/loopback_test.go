package wsconn

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// echoFrom accepts connections at addr, sends on each the address it came in on, and returns
// its own.
func echoFrom(t *testing.T, addr string) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	serveAddr(t, l)
	return l.Addr().(*net.TCPAddr)
}

func serveAddr(t *testing.T, l net.Listener) {
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, c.LocalAddr().String())
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
}

// families are the loopback addresses of this machine. Without IPv6 there is one, and the
// network namespaces of the integration tests have the other.
func families(t *testing.T) []string {
	t.Helper()
	var have []string
	for _, ip := range loopbacks {
		if l, err := net.Listen("tcp", net.JoinHostPort(ip, "0")); err == nil {
			l.Close()
			have = append(have, ip)
		}
	}
	if len(have) == 0 {
		t.Fatal("this machine has no loopback address")
	}
	return have
}

func TestM4_localhost_is_dialled_in_both_families(t *testing.T) {
	for _, ip := range families(t) {
		addr := echoFrom(t, net.JoinHostPort(ip, "0"))
		for _, name := range []string{"localhost", "LocalHost"} {
			_, port, _ := net.SplitHostPort(addr.String())
			c, err := DialTCP(t.Context(), "tcp", net.JoinHostPort(name, port))
			if err != nil {
				t.Errorf("%s at %v: %v", name, addr, err)
				continue
			}
			got, err := io.ReadAll(c)
			c.Close()
			if err != nil || string(got) != addr.String() {
				t.Errorf("reached %s, want %v (%v)", got, addr, err)
			}
		}
	}
}

func TestM4_nobody_at_localhost(t *testing.T) {
	l, err := net.Listen("tcp", net.JoinHostPort(families(t)[0], "0"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	if c, err := DialTCP(t.Context(), "tcp", net.JoinHostPort("localhost", port)); errors.Of(err) != errors.Refused {
		t.Errorf("%v, %v", c, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := DialTCP(ctx, "tcp", net.JoinHostPort("localhost", port)); errors.Of(err) != errors.Canceled {
		t.Errorf("canceled: %v", err)
	}
}

func TestM4_localhost_listens_in_both_families(t *testing.T) {
	have := families(t)
	listeners, err := Listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if len(listeners) != len(have) {
		t.Fatalf("%d listeners, want those of %v", len(listeners), have)
	}
	_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
	for n, l := range listeners {
		serveAddr(t, l)
		if want := net.JoinHostPort(have[n], port); l.Addr().String() != want {
			t.Errorf("listens on %v, want %s", l.Addr(), want)
		}
	}
	// Of a port that is taken in either family, nothing is kept.
	for _, ip := range have {
		taken := echoFrom(t, net.JoinHostPort(ip, "0"))
		_, port, _ := net.SplitHostPort(taken.String())
		if l, err := Listen(t.Context(), net.JoinHostPort("localhost", port)); errors.Of(err) != errors.InUse {
			t.Errorf("beside %v: %v, %v", taken, l, err)
		}
		for _, other := range have {
			if other == ip {
				continue
			}
			l, err := net.Listen("tcp", net.JoinHostPort(other, port))
			if err != nil {
				t.Errorf("left over: %v", err)
				continue
			}
			l.Close()
		}
	}
	one, err := Listen(t.Context(), net.JoinHostPort(have[0], "0"))
	if err != nil || len(one) != 1 {
		t.Fatalf("%v, %v", one, err)
	}
	one[0].Close()
	if _, err := Listen(t.Context(), "no port"); err == nil {
		t.Error("listens at no port")
	}
}

// A server is reached under each of its names, and by pages that it delivered under one.
func TestM4_own_names_are_welcome(t *testing.T) {
	h := RefuseForeign(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}), Access{})
	for _, local := range []string{"127.0.0.1", "::1"} {
		for _, host := range []string{"localhost:7770", "127.0.0.1:7770", "[::1]:7770", "localhost", "[::1]"} {
			r := httptest.NewRequest("POST", "http://"+host+"/mcp", nil)
			r = r.WithContext(contextWithLocal(r, &net.TCPAddr{IP: net.ParseIP(local), Port: 7770}))
			r.Header.Set("Origin", "http://"+host)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusTeapot {
				t.Errorf("%s by way of %s: status %d", host, local, w.Code)
			}
		}
	}
}

// A whole dial, attach included, by name.
func TestM4_dial_by_name(t *testing.T) {
	for _, ip := range families(t) {
		l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.Host, http.StatusGone)
		})}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(l) }()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_, _, err = Dial(t.Context(), "ws://localhost:"+port+"/session", nil, nil)
		if status, ok := errors.AsType[*StatusError](err); !ok || status.Status != http.StatusGone || status.Body != "localhost:"+port {
			t.Errorf("%s: %v", ip, err)
		}
		srv.Close()
		<-done
	}
}

// An address that does not answer at all holds nobody up, and what it answers too late is
// given back.
func TestM4_silent_address(t *testing.T) {
	for _, late := range []string{"nothing", "a connection"} {
		t.Run(late, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				silent, other := net.Pipe()
				good, _ := net.Pipe()
				began := time.Now()
				c, err := dialLocalhost(t.Context(), "1", func(ctx context.Context, _, addr string) (net.Conn, error) {
					if addr == "[::1]:1" {
						return good, nil
					}
					<-ctx.Done()
					if late == "nothing" {
						return nil, ctx.Err()
					}
					return silent, nil
				})
				if took := time.Since(began); err != nil || c != good || took > time.Second {
					t.Errorf("%v, %v after %v", c, err, took)
				}
				if late == "nothing" {
					return
				}
				if _, err := other.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the late connection was kept: %v", err)
				}
			})
		})
	}
}

// If both fail the error is one line that names both, the one which says more first.
func TestM4_both_addresses_fail(t *testing.T) {
	_, err := dialLocalhost(t.Context(), "1", func(_ context.Context, _, addr string) (net.Conn, error) {
		if addr == "127.0.0.1:1" {
			return nil, fmt.Errorf("dial %s: %w", addr, errors.Unreachable)
		}
		return nil, fmt.Errorf("dial %s: %w", addr, errors.Refused)
	})
	if errors.Of(err) != errors.Refused || err.Error() != "dial [::1]:1: refused; dial 127.0.0.1:1: unreachable" {
		t.Errorf("%v", err)
	}
}
