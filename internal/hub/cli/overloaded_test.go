package cli

import (
	"bytes"
	"context"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// busyHub has no room for what it is asked the second and third time.
type busyHub struct {
	api.Backend
	api.Books
	asked atomic.Int64
	done  func() // called when all is told
}

func (b *busyHub) refuses() error {
	if n := b.asked.Add(1); n == 2 || n == 3 {
		return &api.Error{Code: api.CodeOverloaded, Message: "no room", RetryAfterMillis: 1}
	}
	return nil
}

func (b *busyHub) History(context.Context, string) (*api.History, error) {
	return &api.History{ID: "web-1", Name: "web"}, nil
}

func (b *busyHub) Status(context.Context) (*api.Status, error) {
	if b.asked.Load() > 3 {
		b.done()
	}
	return &api.Status{Instances: []api.Instance{{ID: "web-1", Name: "web", State: api.Active}}}, nil
}

func (b *busyHub) Events(ctx context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		if err := b.refuses(); err != nil {
			yield(api.Revisions{}, err)
			return
		}
		if yield(api.Revisions{Status: 1}, nil) && b.asked.Load() == 1 {
			yield(api.Revisions{}, &api.Error{Code: api.CodeShuttingDown}) // and so they ask again
		} else {
			<-ctx.Done()
		}
	}
}

func (b *busyHub) Call(ctx context.Context, _ api.CallRequest, _ func(api.Progress)) (*mcp.CallToolResult, error) {
	if err := b.refuses(); err != nil {
		return nil, err
	}
	n := b.asked.Load()
	if n > 4 {
		b.done()
		<-ctx.Done()
	}
	line := map[string]any{"processId": "p", "text": "line"}
	return &mcp.CallToolResult{StructuredContent: map[string]any{"cursor": "c", "lines": []any{line}}}, nil
}

// K1: whoever goes on through outages also goes on when a hub had no room for a while.
func TestK1_FollowersComeBackToABusyHub(t *testing.T) {
	for name, follow := range map[string]func(context.Context, *app) error{
		"logs":   func(ctx context.Context, a *app) error { return a.logs(ctx, "web", logsFlags{follow: true, tail: 10}) },
		"status": func(ctx context.Context, a *app) error { return a.watch(ctx, false) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "hub") // short: it is for a socket
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			socket, err := control.Listen(filepath.Join(dir, "s"))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			hub := &busyHub{done: cancel}
			handler := control.NewHandler(hub, hub)
			if socket.Token() != "" {
				handler = control.RequireToken(socket.Token(), handler)
			}
			server := &http.Server{Handler: handler}
			served := make(chan struct{})
			go func() {
				defer close(served)
				server.Serve(socket)
			}()
			defer func() {
				server.Close()
				socket.Close()
				<-served
			}()
			var out, told bytes.Buffer
			a := &app{IO: IO{In: strings.NewReader(""), Out: &out, Err: &told}, socket: socket.Path()}
			if err := follow(ctx, a); err != nil || hub.asked.Load() < 4 {
				t.Errorf("%v after %d questions; %s%s", err, hub.asked.Load(), &out, &told)
			}
		})
	}
}
