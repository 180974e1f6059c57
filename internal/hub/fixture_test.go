package hub

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

var testKey = []byte("0123456789abcdef")

// soon bounds waits for what should take milliseconds.
const soon = 10 * time.Second

// testInstance is an instance in this process: real sessions, a real MCP server, and a
// network that can be broken.
type testInstance struct {
	found Found
	proxy *faultproxy.Proxy

	maxSessions int // 0 is the default

	mcp      *mcp.Server
	acceptor *session.Acceptor
	stop     func() // as when the process dies

	echoed   atomic.Int64          // runs of echo
	blocking chan struct{}         // gets a value for each block that has begun
	blocked  chan error            // gets the end of each block: its context's error
	serveMCP atomic.Bool           // whether sessions are answered
	release  chan struct{}         // closed: block returns
	sessions chan *session.Session // the accepted ones
}

func newTestInstance(t *testing.T, id, name string) *testInstance {
	t.Helper()
	return newTestInstanceFor(t, id, name, 0)
}

// newTestInstanceFor has room for so many hubs.
func newTestInstanceFor(t *testing.T, id, name string, maxSessions int) *testInstance {
	t.Helper()
	i := &testInstance{
		maxSessions: maxSessions,
		found:       Found{ID: id, Name: name, Directory: "/" + name, Key: testKey, Life: "1", Fresh: "1"},
		blocking:    make(chan struct{}, 100),
		blocked:     make(chan error, 100),
		release:     make(chan struct{}),
		sessions:    make(chan *session.Session, 100),
	}
	i.serveMCP.Store(true)
	i.mcp = mcp.NewServer(&mcp.Implementation{Name: "instance", Version: "1"}, nil)
	i.addTools()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	i.start(t, ln)
	if i.proxy, err = faultproxy.New(ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.proxy.Close() })
	i.found.SessionURL = "ws://" + i.proxy.Addr()
	return i
}

// start serves sessions on ln until stop.
func (i *testInstance) start(t *testing.T, ln net.Listener) {
	cfg := quick(i.found.Key)
	cfg.MaxMessage = 1 << 20
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg, MaxSessions: i.maxSessions})
	if err != nil {
		t.Fatal(err)
	}
	i.acceptor = acceptor
	life, end := context.WithCancel(context.Background())
	server := wsconn.NewServer(brum.Handler(acceptor, nil), &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	var tasks sync.WaitGroup
	tasks.Go(func() { server.Serve(ln) })
	tasks.Go(func() {
		for {
			s, err := acceptor.Accept(life)
			if err != nil {
				return
			}
			i.sessions <- s
			if !i.serveMCP.Load() {
				continue
			}
			tasks.Go(func() {
				for {
					stream, err := s.AcceptStream(life)
					if err != nil {
						return
					}
					if c, err := i.mcp.Connect(life, mcpsession.New(mcpsession.OnStream(s, stream)), nil); err == nil {
						tasks.Go(func() { c.Wait() })
					}
				}
			})
			tasks.Go(func() {
				c, err := i.mcp.Connect(life, mcpsession.New(s), nil)
				if err == nil {
					c.Wait()
				}
				s.CloseNow()
			})
		}
	})
	i.stop = sync.OnceFunc(func() {
		server.Close()
		done, cancel := context.WithCancel(context.Background())
		cancel() // nobody is told
		acceptor.Close(done)
		end()
		tasks.Wait()
	})
	t.Cleanup(i.stop)
}

// quick makes dead links known soon.
func quick(key []byte) session.Config {
	return session.Config{Key: key, Heartbeat: 100 * time.Millisecond, Window: 400 * time.Millisecond}
}

var anything = map[string]any{"type": "object"}

func (i *testInstance) addTools() {
	i.mcp.AddTool(&mcp.Tool{Name: "echo", InputSchema: anything}, func(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		i.echoed.Add(1)
		return textResult(string(r.Params.Arguments)), nil
	})
	i.mcp.AddTool(&mcp.Tool{Name: "block", InputSchema: anything}, func(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		i.blocking <- struct{}{}
		select {
		case <-ctx.Done():
			i.blocked <- ctx.Err()
			return nil, ctx.Err()
		case <-i.release:
			i.blocked <- nil
			return textResult("released"), nil
		}
	})
	i.mcp.AddTool(&mcp.Tool{Name: "steps", InputSchema: anything}, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for n := range steps {
			err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: r.Params.GetProgressToken(), Progress: float64(n + 1), Total: steps, Message: "step",
			})
			if err != nil {
				return nil, err
			}
		}
		return textResult("done"), nil
	})
}

const steps = 100

func textResult(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

func textOf(t *testing.T, r *mcp.CallToolResult) string {
	t.Helper()
	if len(r.Content) != 1 {
		t.Fatalf("%d contents", len(r.Content))
	}
	return r.Content[0].(*mcp.TextContent).Text
}

// testSource is a Source that a test speaks through.
type testSource struct {
	lists chan []Found
	done  chan struct{} // gets a value when a list was taken in
}

func newTestSource() *testSource {
	return &testSource{make(chan []Found), make(chan struct{})}
}

func (s *testSource) Watch(ctx context.Context, update func([]Found)) error {
	for {
		select {
		case list := <-s.lists:
			update(list)
			s.done <- struct{}{}
		case <-ctx.Done():
			return nil
		}
	}
}

// sees returns when the hub knows that these are all instances there are.
func (s *testSource) sees(found ...Found) {
	s.lists <- found
	<-s.done
}

// testHub is a hub that runs.
type testHub struct {
	*Hub
	source *testSource
	cancel context.CancelFunc
	ended  chan error
}

func startHub(t *testing.T, adjust func(*Config)) *testHub {
	t.Helper()
	source := newTestSource()
	cfg := Config{
		Source: source,
		Window: quick(nil).Window,
		Dial: func(f Found) (*session.Session, error) {
			c := quick(f.Key)
			return brum.Dial(f.SessionURL, &c, nil)
		},
	}
	if adjust != nil {
		adjust(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	th := &testHub{Hub: h, source: source, cancel: cancel, ended: make(chan error, 1)}
	go func() { th.ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-th.ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(soon):
			t.Error("the hub does not end")
		}
	})
	return th
}

// until waits for a condition on the status, which is looked at after each change.
func (h *testHub) until(t *testing.T, what string, ok func(*api.Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for _, err := range h.Events(ctx) {
		if err != nil {
			s, _ := h.Status(t.Context())
			last, _ := json.Marshal(s)
			t.Fatalf("waiting for %s: %v; %s", what, err, last)
		}
		s, err := h.Status(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		if ok(s) {
			return
		}
	}
}

// reaches waits until the instance is in a state.
func (h *testHub) reaches(t *testing.T, id string, state api.State) {
	t.Helper()
	h.until(t, id+" to be "+string(state), func(s *api.Status) bool {
		for _, i := range s.Instances {
			if i.ID == id {
				return i.State == state
			}
		}
		return false
	})
}

func (h *testHub) one(t *testing.T, id string) api.Instance {
	t.Helper()
	s, err := h.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range s.Instances {
		if i.ID == id {
			return i
		}
	}
	t.Fatalf("%s is not listed", id)
	return api.Instance{}
}

// echo calls echo and checks the answer.
func (h *testHub) echo(t *testing.T, ctx context.Context, id string) {
	t.Helper()
	res, err := h.Call(ctx, api.CallRequest{Instance: id, Tool: "echo", Arguments: json.RawMessage(`{"a":1}`)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, res); got != `{"a":1}` {
		t.Fatalf("echo answered %s", got)
	}
}

// await returns the next value of a channel that should have one soon.
func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(soon):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}
