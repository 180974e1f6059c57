package bridge

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deadHub is what a hub's call returns when the hub is to die.
type deadHub struct{ error }

// life is what one hub, in a series of them, does with a call.
type life func(req api.CallRequest) (*mcp.CallToolResult, error)

// hubs are one hub after the other at the same socket.
type hubs struct {
	api.Backend
	path   string
	lives  []life
	seen   chan api.CallRequest
	server *http.Server
	socket *control.Socket
	next   chan struct{}
}

func (h *hubs) Call(_ context.Context, req api.CallRequest, _ func(api.Progress)) (*mcp.CallToolResult, error) {
	h.seen <- req
	res, err := h.lives[0](req)
	if _, dies := err.(deadHub); dies {
		h.server.Close() // without an answer
		h.next <- struct{}{}
		return nil, context.Canceled
	}
	return res, err
}

// serve runs the hubs until the test ends; each begins when the one before has died.
func serve(t *testing.T, lives ...life) (*Backend, *hubs) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hub") // short: it is for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	h := &hubs{path: filepath.Join(dir, "s"), lives: lives, seen: make(chan api.CallRequest, 100), next: make(chan struct{}, 1)}
	begun, done := make(chan struct{}), make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(done)
		for first := true; ; first = false {
			var err error
			if h.socket, err = control.Listen(h.path); err != nil {
				t.Error(err)
				return
			}
			handler := control.NewHandler(h, nil)
			if h.socket.Token() != "" {
				handler = control.RequireToken(h.socket.Token(), handler)
			}
			h.server = &http.Server{Handler: handler}
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				h.server.Serve(h.socket)
			}()
			if first {
				close(begun)
			}
			select {
			case <-h.next:
				h.lives = h.lives[1:]
			case <-over:
			}
			h.server.Close()
			h.socket.Close()
			<-stopped
			select {
			case <-over:
				return
			default:
			}
		}
	}()
	<-begun
	t.Cleanup(func() {
		close(over)
		<-done
	})
	client := control.NewClient(h.path)
	return NewBackend(client, NewKeeper(client.Reachable, nil, slog.New(slog.DiscardHandler))), h
}

var tracked = api.Issued{Instance: "web-1", Life: "7", Recording: api.Recorded, At: time.Now().Round(0)}

func diesAfter(issued api.Issued) life {
	return func(req api.CallRequest) (*mcp.CallToolResult, error) {
		req.OnIssued(issued)
		return nil, deadHub{}
	}
}

func diesBefore(api.CallRequest) (*mcp.CallToolResult, error) { return nil, deadHub{} }

func answers(api.CallRequest) (*mcp.CallToolResult, error) {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "here"}}}, nil
}

func says(code api.Code) life {
	return func(api.CallRequest) (*mcp.CallToolResult, error) {
		return nil, &api.Error{Code: code, Message: string(code)}
	}
}

func TestH7_CallOverTheLossOfHubs(t *testing.T) {
	untracked := tracked
	untracked.Recording = api.Untracked
	for name, c := range map[string]struct {
		lives  []life
		want   api.Code // "" is a result
		issued []bool   // whether each hub was told that the call had been issued
	}{
		"no loss":                          {[]life{answers}, "", []bool{false}},
		"before it was sent":               {[]life{diesBefore, answers}, "", []bool{false, false}},
		"after it was sent":                {[]life{diesAfter(tracked), answers}, "", []bool{false, true}},
		"and once more":                    {[]life{diesAfter(tracked), diesBefore, diesAfter(tracked), answers}, "", []bool{false, true, true, true}},
		"it was not run":                   {[]life{diesAfter(tracked), says(api.CodeNotRun)}, api.CodeNotRun, []bool{false, true}},
		"nobody knows":                     {[]life{diesAfter(tracked), says(api.CodeOutcomeUnknown)}, api.CodeOutcomeUnknown, []bool{false, true}},
		"one that only reads":              {[]life{diesAfter(untracked)}, api.CodeOutcomeUnknown, []bool{false}},
		"the hub that issued it knows not": {[]life{says(api.CodeOutcomeUnknown)}, api.CodeOutcomeUnknown, []bool{false}},
	} {
		t.Run(name, func(t *testing.T) {
			b, h := serve(t, append(c.lives, answers)...)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			res, err := b.Call(ctx, api.CallRequest{Instance: "web", Tool: "tool"}, nil)
			if api.CodeOf(err) != c.want || (err == nil) != (c.want == "") {
				t.Errorf("%v, %v; want %q", res, err, c.want)
			}
			close(h.seen)
			var issued []bool
			id := ""
			for req := range h.seen {
				if _, err := callid.Parse(req.ID); err != nil || id != "" && req.ID != id {
					t.Errorf("id %q after %q: %v", req.ID, id, err)
				}
				id = req.ID
				issued = append(issued, req.Issued != nil)
				if i := req.Issued; i != nil && (i.Instance != tracked.Instance || i.Life != tracked.Life || !i.At.Equal(tracked.At)) {
					t.Errorf("%+v", i)
				}
				if req.Deadline.IsZero() {
					t.Error("the caller's deadline is not passed on")
				}
			}
			if len(issued) != len(c.issued) {
				t.Fatalf("the hubs were told %v, want %v", issued, c.issued)
			}
			for i := range issued {
				if issued[i] != c.issued[i] {
					t.Errorf("the hubs were told %v, want %v", issued, c.issued)
				}
			}
		})
	}
}
