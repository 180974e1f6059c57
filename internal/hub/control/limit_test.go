package control

import (
	"context"
	"iter"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	kinds "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// The sixth call of five gets a typed error and a time to come back, news do not use up the
// calls' room, and the status is always told.
func TestK1_ClientsAreBounded(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	limits := NewClientLimits(5)
	path := socketPath(t)
	socket, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	h := limits.Handler(NewHandler(&scripted{
		status: func(context.Context) (*api.Status, error) {
			return &api.Status{Hub: api.HubStatus{Limits: api.Limits{Control: limits.Usage()}}}, nil
		},
		call: func(context.Context, api.CallRequest, func(api.Progress)) (*mcp.CallToolResult, error) {
			entered <- struct{}{}
			<-leave
			return &mcp.CallToolResult{}, nil
		},
		events: func(ctx context.Context) iter.Seq2[api.Revisions, error] {
			return func(yield func(api.Revisions, error) bool) {
				yield(api.Revisions{}, nil)
				<-ctx.Done()
			}
		},
	}, nil))
	if socket.Token() != "" {
		h = RequireToken(socket.Token(), h)
	}
	server := &http.Server{Handler: h}
	var all, calls sync.WaitGroup
	defer all.Wait()
	defer socket.Close()
	defer server.Close()
	all.Go(func() { server.Serve(socket) })

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := NewClient(path)
	for range 5 {
		news := make(chan error, 1)
		all.Go(func() {
			for _, err := range c.Events(ctx) {
				news <- err
			}
		})
		if err := await(t, "news", news); err != nil {
			t.Fatal(err)
		}
		calls.Go(func() {
			if _, err := c.Call(ctx, api.CallRequest{}, nil); err != nil {
				t.Error(err)
			}
		})
		await(t, "call", entered)
	}
	refused := func(what string, err error) {
		t.Helper()
		if api.CodeOf(err) != api.CodeOverloaded || kinds.RetryAfter(err) != time.Second {
			t.Errorf("%s: %v, retry after %v", what, err, kinds.RetryAfter(err))
		}
	}
	_, err = c.Call(ctx, api.CallRequest{}, nil)
	refused("the sixth call", err)
	for _, err := range c.Events(ctx) {
		refused("the sixth who wants news", err)
	}
	s, err := c.Status(ctx)
	full := api.Usage{Used: 5, Limit: 5, Refused: 1}
	if want := (api.Clients{Requests: full, Streams: full}); err != nil || s.Hub.Limits.Control != want {
		t.Errorf("status: %+v, %v", s, err)
	}
	close(leave)
	calls.Wait()
	for limits.Requests.Active() > 0 {
		time.Sleep(time.Millisecond)
	}
	all.Go(func() { <-entered })
	if _, err := c.Call(ctx, api.CallRequest{}, nil); err != nil {
		t.Errorf("a call when there is room: %v", err)
	}
	cancel()
}
