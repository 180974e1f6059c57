package httpconn

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/brummertest"
	"github.com/standardbeagle/brum/session"
)

// behind puts a network that can be broken before a server.
func behind(t *testing.T, url string) (*faultproxy.Proxy, string) {
	t.Helper()
	p, err := faultproxy.New(strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, "http://" + p.Addr() + "/mcp"
}

// watched tells the states of c as they come.
func watched(t *testing.T, c *Conn) func(want ...session.State) session.Change {
	t.Helper()
	changes := make(chan session.Change, 100)
	sequence := c.Watch(context.Background())
	go func() {
		defer close(changes)
		for ch := range sequence {
			changes <- ch
		}
	}()
	return func(want ...session.State) (last session.Change) {
		t.Helper()
		for _, state := range want {
			select {
			case last = <-changes:
				if last.To != state {
					t.Fatalf("%v came, want %v: %+v", last.To, state, last)
				}
			case <-time.After(soon):
				t.Fatalf("%v does not come", state)
			}
		}
		return last
	}
}

// D3: an outage is told of as a session would, with what it was and how long it took.
func TestD3_StatesOverHTTP(t *testing.T) {
	b := brummertest.New(t)
	proxy, url := behind(t, b.URL)
	proxy.Admit(faultproxy.Refuse)
	c, err := Dial(Config{URL: url, Interval: 20 * time.Millisecond, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	next := watched(t, c)
	for c.Stats().Attempt < 2 {
		time.Sleep(time.Millisecond)
	}
	if s := c.Stats(); s.State != session.Connecting || s.LastError == nil || !s.ConnectedSince.IsZero() {
		t.Errorf("%+v", s)
	}
	proxy.Heal()
	next(session.Active)
	if err := c.WaitActive(t.Context()); err != nil {
		t.Error(err)
	}

	proxy.Admit(faultproxy.Refuse)
	proxy.Cut(faultproxy.RST)
	if ch := next(session.Suspect, session.Retrying); ch.Trigger != session.TriggerError || ch.Err == nil {
		t.Errorf("%+v", ch)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := c.WaitActive(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting during the outage: %v", err)
	}
	proxy.Heal()
	ch := next(session.Active)
	s := c.Stats()
	if ch.Outage <= 0 || s.Resumes != 1 || s.LastResume == nil || s.LastResume.Outage != ch.Outage || s.ConnectedSince.IsZero() || s.RTT <= 0 {
		t.Errorf("%+v, %+v", ch, s)
	}
	c.CloseNow()
	next(session.Closed)
	if err := c.WaitActive(t.Context()); !errors.Is(err, session.ErrClosed) || !errors.Is(c.Err(), session.ErrClosed) {
		t.Errorf("after the end: %v, %v", err, c.Err())
	}
}

// What is not JSON-RPC is not an instance, and a refusal is none that can be talked to.
func TestD3_SomethingElseIsThere(t *testing.T) {
	for name, of := range map[string]struct {
		status int
		body   string
		kind   errors.Kind
	}{
		"page":      {200, "<html>hello</html>", errors.Protocol},
		"other":     {200, `{"status":"ok"}`, errors.Protocol},
		"no token":  {401, "who are you", errors.Unauthorized},
		"not found": {404, "no such page", errors.Protocol},
		"busy":      {503, `{"jsonrpc":"2.0","id":"alive","result":{}}`, errors.Limit},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(of.status)
				io.WriteString(w, of.body)
			}))
			defer server.Close()
			c, err := Dial(Config{URL: server.URL, Token: "t"})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			for c.Stats().Attempt == 0 {
				time.Sleep(time.Millisecond)
			}
			if s := c.Stats(); s.State != session.Connecting || errors.Of(s.LastError) != of.kind {
				t.Errorf("%v, %v (%v)", s.State, s.LastError, errors.Of(s.LastError))
			}
		})
	}
	for _, url := range []string{"", "127.0.0.1:80", "ftp://x/mcp", "http:///mcp", "http://[::1"} {
		if _, err := Dial(Config{URL: url}); errors.Of(err) != errors.Invalid {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// J3: method not found is an answer, in JSON and as an event.
func TestJ3_Pongs(t *testing.T) {
	for data, want := range map[string]bool{
		`{"jsonrpc":"2.0","id":"alive","result":{}}`:                                              true,
		`{"jsonrpc":"2.0","id":"alive","error":{"code":-32601,"message":"Method not found"}}`:     true,
		"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"alive\",\"result\":{}}\n\n":          true,
		": hello\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"alive\",\"error\":{\"code\":-32601}}\n\n": true,
		`{"jsonrpc":"1.0","result":{}}`:                                                           false,
		`{"jsonrpc":"2.0"}`:                                                                       false,
		`[]`:                                                                                      false,
		``:                                                                                        false,
		"data: nothing":                                                                           false,
	} {
		if got := isPong([]byte(data)); got != want {
			t.Errorf("%q: %v", data, got)
		}
	}
}

// D3: whether a request has left is known: else a call would be made twice, or given up for
// unknown that never ran.
func TestD3_RequestsThatLeft(t *testing.T) {
	var ran, never atomic.Int64
	var breaks atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch string(body) {
		case "refuse":
			http.Error(w, "no", http.StatusUnauthorized)
			return
		case "fail":
			http.Error(w, "no", http.StatusInternalServerError)
			return
		case "run":
			ran.Add(1)
		case "never":
			never.Add(1)
		}
		if breaks.Load() && string(body) == "run" { // and no ping
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"jsonrpc":"2.0","id":"alive","result":{}}`)
	}))
	defer server.Close()
	proxy, url := behind(t, server.URL)
	c, err := Dial(Config{URL: url, Token: "t", Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.WaitActive(t.Context()); err != nil {
		t.Fatal(err)
	}
	client := c.wire.client()
	post := func(ctx context.Context, body string) (left bool, err error) {
		req, err := http.NewRequestWithContext(OnSent(ctx, func() { left = true }), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		return left, err
	}
	if left, err := post(t.Context(), "run"); !left || err != nil {
		t.Errorf("answered: left %v, %v", left, err)
	}
	if left, err := post(t.Context(), "refuse"); left || errors.Of(err) != errors.Unauthorized {
		t.Errorf("refused by the instance: left %v, %v", left, err)
	}
	if left, err := post(t.Context(), "fail"); !left || err == nil {
		t.Errorf("failed in the instance: left %v, %v", left, err)
	}
	breaks.Store(true)
	if left, err := post(t.Context(), "run"); !left || err == nil {
		t.Errorf("broken: left %v, %v", left, err)
	}
	breaks.Store(false)

	// Connections that were kept alive have ended: the request finds another.
	proxy.Cut(faultproxy.FIN)
	if left, err := post(t.Context(), "run"); err == nil && !left || ran.Load() > 3 {
		t.Errorf("after a restart: left %v, %v, %d runs", left, err, ran.Load())
	}
	proxy.Admit(faultproxy.Refuse)
	proxy.Close()
	if left, err := post(t.Context(), "never"); left || err == nil {
		t.Errorf("nobody listens: left %v, %v", left, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if left, err := post(ctx, "never"); left || !errors.Is(err, context.Canceled) {
		t.Errorf("given up before: left %v, %v", left, err)
	}
	if n := never.Load(); n != 0 {
		t.Errorf("%d runs of what has not left", n)
	}
}

// E1: the network's return ends a pause at once.
func TestD3_NudgeEndsAPause(t *testing.T) {
	dials := make(chan struct{}, 1000)
	up := make(chan struct{})
	b := brummertest.New(t)
	c, err := Dial(Config{URL: b.URL + "/mcp", DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials <- struct{}{}
		select {
		case <-up:
			return new(net.Dialer).DialContext(ctx, network, address)
		default:
			return nil, errors.Refused
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	<-dials
	close(up)
	c.Nudge(session.TriggerNetwork)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := c.WaitActive(ctx); err != nil {
		t.Fatal(err)
	}
}

// A request that comes too late for CloseNow fails like those under way, also where nothing is
// answered: nobody is left to end it.
func TestD3_NoRequestsAfterTheEnd(t *testing.T) {
	over := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	defer hangs.Close()
	defer close(over)
	c, err := Dial(Config{URL: hangs.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	failed := make(chan error, 1)
	go func() {
		resp, err := c.wire.client().Post(hangs.URL, "application/json", strings.NewReader("{}"))
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	select {
	case err := <-failed:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(soon):
		t.Error("it waits for an answer")
	}
}
