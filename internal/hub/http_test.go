package hub

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/brummertest"
	"github.com/standardbeagle/brum/internal/hub/httpconn"
)

// overHTTP lets a hub reach instances over HTTP, and see soon that they are away.
func overHTTP(c *Config) {
	c.DialHTTP = func(f Found) (*httpconn.Conn, error) {
		return httpconn.Dial(httpconn.Config{URL: f.HTTPURL, Token: string(f.Key), Life: f.Life,
			Interval: 50 * time.Millisecond, Timeout: time.Second})
	}
}

func onlyHTTP(c *Config) {
	overHTTP(c)
	c.Networking = NetworkingHTTP
}

// offerHTTP serves the instance's MCP over HTTP, too, behind a network of its own.
func (i *testInstance) offerHTTP(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return i.mcp },
		&mcp.StreamableHTTPOptions{Stateless: true, PropagateRequestCancellation: true, MaxRequestBodyBytes: 1 << 20})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+string(testKey) {
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	})}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(ln) })
	proxy, err := faultproxy.New(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		proxy.Close()
		server.Close()
		serving.Wait()
	})
	i.found.HTTPURL = "http://" + proxy.Addr() + "/mcp"
	return proxy
}

// neverLost checks that an instance was not taken for away.
func (h *testHub) neverLost(t *testing.T, id string) {
	t.Helper()
	past, err := h.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range past.Changes {
		if ch.To == api.Retrying {
			t.Errorf("%+v", past)
		}
	}
}

func call(h *testHub, ctx context.Context, id, tool string) (*mcp.CallToolResult, error) {
	return h.Call(ctx, api.CallRequest{Instance: id, Tool: tool}, nil)
}

// D3, J3: an existing brummer is reached in either setting, and stays active though it answers
// pings with "method not found".
func TestJ3_MethodNotFoundOverHTTPIsAlive(t *testing.T) {
	for name, adjust := range map[string]func(*Config){"robust": overHTTP, "http": onlyHTTP} {
		t.Run(name, func(t *testing.T) {
			b := brummertest.New(t)
			h := startHub(t, adjust)
			h.source.sees(Found{ID: "old", Name: "old", Life: "1", HTTPURL: b.URL + "/mcp"})
			h.reaches(t, "old", api.Active)
			for before := b.Pings.Load(); b.Pings.Load() < before+4; {
				time.Sleep(10 * time.Millisecond)
			}
			i := h.one(t, "old")
			if i.State != api.Active || i.Transport != api.TransportHTTP || i.SessionID != "" || len(i.Unavailable) == 0 || i.RTTMillis == 0 {
				t.Errorf("%+v", i)
			}
			h.neverLost(t, "old")
			res, err := call(h, t.Context(), "old", "scripts_list")
			if err != nil || textOf(t, res) != `{"dev":"vite"}` {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
}

// D3: one hub, three kinds of instances.
func TestD3_MixedFleet(t *testing.T) {
	b := brummertest.New(t)
	one := newTestInstance(t, "one", "one")
	two := newTestInstance(t, "two", "two")
	two.offerHTTP(t)
	two.found.SessionURL = ""
	h := startHub(t, overHTTP)
	h.source.sees(one.found, two.found, Found{ID: "old", Name: "old", Life: "1", HTTPURL: b.URL + "/mcp"})
	for id, transport := range map[string]string{"one": api.TransportSession, "two": api.TransportHTTP, "old": api.TransportHTTP} {
		h.reaches(t, id, api.Active)
		if i := h.one(t, id); i.Transport != transport || (i.SessionID != "") != (transport == api.TransportSession) {
			t.Errorf("%+v", i)
		}
	}
	h.echo(t, t.Context(), "one")
	h.echo(t, t.Context(), "two")
	tools, err := h.Tools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	offered := make(map[string]int)
	for _, tool := range tools.Tools {
		offered[tool.Tool.Name] = len(tool.Instances)
	}
	if offered["echo"] != 2 || offered["scripts_list"] != 1 {
		t.Errorf("%v", offered)
	}
	res, err := call(h, t.Context(), "old", "logs_stream")
	if err != nil || !strings.HasPrefix(textOf(t, res), "cursor: ") {
		t.Errorf("%+v, %v", res, err)
	}
}

// M6: with sessions off an instance that offers one is reached over HTTP, by many calls at
// once, with progress, and by a call that outlasts many checks of an instance that answers no
// other.
func TestM6_SessionsOff(t *testing.T) {
	i := newTestInstance(t, "one", "one")
	i.offerHTTP(t)
	h := startHub(t, onlyHTTP)
	h.source.sees(i.found)
	h.reaches(t, "one", api.Active)
	s, err := h.Status(t.Context())
	if err != nil || s.Hub.Networking != api.NetworkingHTTP || s.Instances[0].Transport != api.TransportHTTP || s.Instances[0].State != api.Active {
		t.Fatalf("%+v, %v", s, err)
	}
	const many = 20
	var calls sync.WaitGroup
	for range many {
		calls.Go(func() {
			if res, err := call(h, t.Context(), "one", "block"); err != nil || textOf(t, res) != "released" {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
	for range many { // all have begun, none has to wait for another
		await(t, "call", i.blocking)
	}
	h.echo(t, t.Context(), "one")
	var reports int
	res, err := h.Call(t.Context(), api.CallRequest{Instance: "one", Tool: "steps", WantProgress: true}, func(api.Progress) { reports++ })
	if err != nil || textOf(t, res) != "done" || reports != steps {
		t.Errorf("%v, %v, %d reports", res, err, reports)
	}
	close(i.release)
	calls.Wait()
	h.neverLost(t, "one")
	select {
	case <-i.sessions:
		t.Error("there is a session")
	default:
	}
	large := json.RawMessage(`{"a":"` + strings.Repeat("x", 2<<20) + `"}`)
	if _, err := h.Call(t.Context(), api.CallRequest{Instance: "one", Tool: "echo", Arguments: large}, nil); api.CodeOf(err) != api.CodeTooLarge {
		t.Errorf("too large: %v", err)
	}
	h.echo(t, t.Context(), "one")
}

// D3: a call whose connection breaks is never repeated, and its outcome is unknown where the
// instance can't be asked; one that could not leave waits for the outage to pass.
func TestD3_OutageOverHTTP(t *testing.T) {
	i := newTestInstance(t, "one", "one")
	proxy := i.offerHTTP(t)
	h := startHub(t, onlyHTTP)
	h.source.sees(i.found)
	h.reaches(t, "one", api.Active)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := call(h, ctx, "one", "block"); ended <- err }()
	await(t, "call", i.blocking)
	cancel()
	if err := await(t, "end", ended); api.CodeOf(err) != api.CodeCanceled || !strings.Contains(err.Error(), "may go on") {
		t.Errorf("given up: %v", err)
	}

	go func() { _, err := call(h, t.Context(), "one", "block"); ended <- err }()
	await(t, "call", i.blocking)
	proxy.Admit(faultproxy.Refuse)
	proxy.Cut(faultproxy.RST)
	if err := await(t, "end", ended); api.CodeOf(err) != api.CodeOutcomeUnknown {
		t.Errorf("broken: %v", err)
	}
	h.reaches(t, "one", api.Retrying)
	if s := h.one(t, "one"); s.LastError == "" {
		t.Errorf("%+v", s)
	}
	echoed := make(chan error, 1)
	go func() { _, err := call(h, t.Context(), "one", "echo"); echoed <- err }()
	proxy.Heal()
	if err := await(t, "echo", echoed); err != nil {
		t.Error(err)
	}
	h.reaches(t, "one", api.Active)
	s := h.one(t, "one")
	if s.Resumes != 1 || s.LastResume == nil || s.LastResume.OutageMillis <= 0 {
		t.Errorf("%+v", s)
	}
	if n := i.echoed.Load(); n != 1 {
		t.Errorf("echo ran %d times", n)
	}
	if n := len(i.blocking); n != 0 {
		t.Errorf("block ran %d times more", n)
	}
	close(i.release)

	proxy.Blackhole() // nothing breaks, nothing arrives
	h.reaches(t, "one", api.Retrying)
	proxy.Heal()
	h.reaches(t, "one", api.Active)
	h.echo(t, t.Context(), "one")

	if _, err := h.Disconnect(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if s := h.one(t, "one"); s.State != api.Stopped {
		t.Errorf("%v", s.State)
	}
	if c, err := h.Connect(t.Context(), "one"); err != nil || c.State != api.Active {
		t.Errorf("%+v, %v", c, err)
	}
	next := i.found
	next.Life, next.Fresh = "2", "2" // started anew
	before, err := h.History(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	h.source.sees(next)
	h.until(t, "another connection", func(s *api.Status) bool {
		past, err := h.History(t.Context(), "one")
		return err == nil && len(past.Changes) > len(before.Changes) && s.Instances[0].State == api.Active
	})
	h.echo(t, t.Context(), "one")
}

// D3: an instance that knows calls by their ids is asked what became of one whose connection
// has broken, and told of one that was given up, with a ledger and without.
func TestD3_LostAnswersAreAskedFor(t *testing.T) {
	i := newTestInstance(t, "one", "one")
	cancelled := make(chan struct{}, 10)
	i.remembering(func(q callid.Query) callid.State {
		if q.AgeMS == 0 { // it is to be cancelled
			cancelled <- struct{}{}
			return callid.Cancelled
		}
		return callid.Running
	})
	proxy := i.offerHTTP(t)
	h := startHub(t, onlyHTTP)
	h.source.sees(i.found)
	h.reaches(t, "one", api.Active)

	id := string(callid.New())
	ended := make(chan error, 1)
	go func() {
		res, err := h.Call(t.Context(), api.CallRequest{Instance: "one", Tool: "block", ID: id}, nil)
		if err == nil && textOf(t, res) != "joined "+id {
			err = errors.New("another answer: " + textOf(t, res))
		}
		ended <- err
	}()
	await(t, "call", i.blocking)
	proxy.Admit(faultproxy.Refuse)
	proxy.Cut(faultproxy.RST)
	h.reaches(t, "one", api.Retrying)
	proxy.Heal()
	if err := await(t, "answer", ended); err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	go func() { _, err := call(h, ctx, "one", "block"); ended <- err }()
	await(t, "call", i.blocking)
	cancel()
	if err := await(t, "end", ended); api.CodeOf(err) != api.CodeCanceled {
		t.Error(err)
	}
	await(t, "cancellation", cancelled)
	if n := len(i.blocking); n != 0 {
		t.Errorf("block ran %d times more", n)
	}
	close(i.release)
}

// D3: calls one after the other take one connection, not one each.
func TestD3_ConnectionsAreKeptAlive(t *testing.T) {
	i := newTestInstance(t, "one", "one")
	proxy := i.offerHTTP(t)
	h := startHub(t, onlyHTTP)
	h.source.sees(i.found)
	h.reaches(t, "one", api.Active)
	for range 200 {
		h.echo(t, t.Context(), "one")
	}
	if n := proxy.Counters().Accepted; n > 20 {
		t.Errorf("%d connections", n)
	}
}

// D3: an existing brummer runs a call once, whatever breaks, and what nobody waits for any
// more ends as unknown, since nobody can tell.
func TestD3_ExistingBrummerRunsOnce(t *testing.T) {
	b := brummertest.New(t)
	proxy, err := faultproxy.New(strings.TrimPrefix(b.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	h := startHub(t, overHTTP)
	h.source.sees(Found{ID: "old", Name: "old", Life: "1", HTTPURL: "http://" + proxy.Addr() + "/mcp"})
	h.reaches(t, "old", api.Active)
	ended := make(chan error, 1)
	go func() { _, err := call(h, t.Context(), "old", "slow"); ended <- err }()
	for b.Calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	proxy.Cut(faultproxy.FIN)
	if err := await(t, "end", ended); api.CodeOf(err) != api.CodeOutcomeUnknown {
		t.Errorf("%v", err)
	}
	h.reaches(t, "old", api.Active)

	// An outage without an end of the connection is no reason to give the answer up.
	go func() { _, err := call(h, t.Context(), "old", "slow"); ended <- err }()
	for b.Calls.Load() == 1 {
		time.Sleep(time.Millisecond)
	}
	if res, err := call(h, t.Context(), "old", "scripts_list"); err != nil || textOf(t, res) != `{"dev":"vite"}` {
		t.Errorf("beside a call that takes long: %+v, %v", res, err)
	}
	proxy.Stall()
	h.reaches(t, "old", api.Retrying)
	proxy.Heal()
	h.reaches(t, "old", api.Active)
	close(b.Slow)
	if err := await(t, "answer", ended); err != nil {
		t.Error(err)
	}
	if n := b.Calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
}
