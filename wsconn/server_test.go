package wsconn

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func hostOf(url string) string {
	_, host, _ := strings.Cut(url, "://")
	return host
}

// halfOpen opens a connection and sends what a client might begin with.
func halfOpen(t testing.TB, address, begin string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, begin); err != nil {
		t.Fatal(err)
	}
	return c
}

// ended waits until the peer has ended c.
func ended(c net.Conn) time.Time {
	_, _ = io.Copy(io.Discard, c)
	return time.Now()
}

func TestN5_HonestClientsGetThroughHundredsOfHalfOpenOnes(t *testing.T) {
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			url, o := newServer(t, n, echo(t), &ServerOptions{HeaderTimeout: time.Minute})
			begins := []string{"", "G", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "}
			if n == overTLS {
				begins = []string{"", "\x16", "\x16\x03\x01"}
			}
			var strangers []net.Conn
			for i := range 300 {
				strangers = append(strangers, halfOpen(t, hostOf(url), begins[i%3]))
			}
			c, _, err := Dial(t.Context(), url, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, s := range strangers[:300-64] {
				ended(s) // the oldest had to go
			}
			for range 100 { // and more of them do not hurt a connection that is through
				halfOpen(t, hostOf(url), begins[1])
			}
			if err := c.WritePacket(nil, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if got := next(t, c); string(got) != "hello" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestN5_SlowClientsAreCutAtAnAbsoluteDeadline(t *testing.T) {
	const limit = 300 * time.Millisecond
	for _, n := range networks {
		t.Run(string(n), func(t *testing.T) {
			url, _ := newServer(t, n, echo(t), &ServerOptions{HeaderTimeout: limit})
			started := time.Now()
			trickle := func(c io.ReadWriteCloser) {
				for { // a byte now and then buys no time
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
					time.Sleep(limit / 20)
				}
			}
			var all sync.WaitGroup
			for _, begin := range []string{"", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "} {
				c := halfOpen(t, hostOf(url), begin)
				go trickle(c)
				all.Go(func() {
					if d := ended(c).Sub(started); d > 20*limit {
						t.Errorf("%q: cut after %v", begin, d)
					}
				})
			}
			if n == overTLS { // the handshake does not restart the clock either
				c, err := tls.Dial("tcp", hostOf(url), &tls.Config{InsecureSkipVerify: true})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				io.WriteString(c, "GET / HTTP/1.1\r\nX: ")
				go trickle(c)
				all.Go(func() {
					if d := ended(c).Sub(started); d > 20*limit {
						t.Errorf("after the handshake: cut after %v", d)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestN5_SlowBodiesAreCut(t *testing.T) {
	url, _ := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized) // without reading the body: net/http will
	}), &ServerOptions{BodyTimeout: 100 * time.Millisecond})
	c := halfOpen(t, hostOf(url), "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
	ended(c)
}

// A long answer to a request with a body must not run into the body's deadline.
func TestLongAnswersAreNotCut(t *testing.T) {
	const limit = 30 * time.Millisecond
	gone := make(chan error, 1)
	url, _ := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			gone <- r.Context().Err()
		case <-time.After(5 * limit):
			gone <- nil
		}
	}), &ServerOptions{BodyTimeout: limit})
	resp, err := http.Post(url, "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err := <-gone; err != nil {
		t.Errorf("the request was canceled: %v", err)
	}
}

func TestN5_MalformedAndOversizedRequests(t *testing.T) {
	url, _ := newServer(t, overTCP, echo(t), nil)
	address := hostOf(url)
	for _, raw := range []string{
		"\x00\x01\x02\r\n\r\n",
		"GET\r\n\r\n",
		"GET /session HTTP/9.9\r\nHost: localhost\r\n\r\n",
		"GET /session HTTP/1.1\r\n\r\n",
		"GET /session HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
		"GET /session HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
		"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Many: 1\r\n", 10000) + "\r\n",
	} {
		if status, _ := roundTrip(t, address, raw); status < 400 || status > 505 {
			t.Errorf("%.40q: status %d", raw, status)
		}
	}
	if status, _ := roundTrip(t, address, upgradeRequest(address)); status != 101 {
		t.Errorf("a right request: status %d", status)
	}
}

// starved fails to accept, as when there are no file descriptors left, n times.
type starved struct {
	net.Listener
	mu sync.Mutex
	n  int
}

func (l *starved) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n > 0 {
		l.n--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: &syscallError{}}
	}
	return l.Listener.Accept()
}

// syscallError stands for EMFILE on every system.
type syscallError struct{}

func (*syscallError) Error() string   { return "too many open files" }
func (*syscallError) Temporary() bool { return true }
func (*syscallError) Timeout() bool   { return false }

func TestServingSurvivesAFailingAccept(t *testing.T) {
	if e := syscall.EMFILE; !e.Temporary() {
		t.Fatal("net/http would not retry after EMFILE")
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &starved{Listener: inner, n: 3}
	s := NewServer(echo(t), &ServerOptions{Logger: discard()})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, _, err := Dial(t.Context(), "ws://"+inner.Addr().String(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	s.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
}

func TestGateForgetsEachConnection(t *testing.T) {
	for _, kept := range []http.ConnState{http.StateNew, http.StateIdle} {
		g := &gate{newWaiting(4, time.Minute), newWaiting(4, time.Minute)}
		var conns []net.Conn
		for range 10 {
			a, b := net.Pipe()
			defer b.Close()
			conns = append(conns, a)
			g.connState(a, kept)
		}
		for i, c := range conns {
			open := c.SetDeadline(time.Time{}) == nil
			if open != (i >= 6) {
				t.Errorf("connection %d: open %v", i, open)
			}
		}
		for i, c := range conns {
			g.connState(c, []http.ConnState{http.StateActive, http.StateClosed, http.StateHijacked}[i%3])
		}
		for _, w := range []*waiting{g.fresh, g.idle} {
			if len(w.conns) != 0 || w.order.Len() != 0 {
				t.Errorf("%d and %d connections are remembered", len(w.conns), w.order.Len())
			}
		}
	}
}

func TestN5_IdleConnectionsAreBounded(t *testing.T) {
	url, _ := newServer(t, overTCP, nil, &ServerOptions{MaxIdle: 10})
	var strangers []net.Conn
	for range 50 {
		c := halfOpen(t, hostOf(url), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != http.StatusNotFound {
			t.Fatalf("%+v, %v", resp, err)
		}
		strangers = append(strangers, c)
	}
	gone := make(chan struct{}, len(strangers))
	for _, c := range strangers {
		go func() {
			ended(c)
			gone <- struct{}{}
		}()
	}
	for range 40 {
		<-gone
	}
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	for _, c := range strangers {
		c.Close()
	}
	for range 10 {
		<-gone
	}
}
