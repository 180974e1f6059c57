package control

import (
	"context"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// scripted is a Backend whose answers a test writes.
type scripted struct {
	call       func(ctx context.Context, req api.CallRequest, progress func(api.Progress)) (*mcp.CallToolResult, error)
	connect    func(ctx context.Context, instance string) (*api.Instance, error)
	disconnect func(ctx context.Context, instance string) (*api.Instance, error)
	history    func(ctx context.Context, instance string) (*api.History, error)
	status     func(ctx context.Context) (*api.Status, error)
	tools      func(ctx context.Context) (*api.Catalog, error)
	events     func(ctx context.Context) iter.Seq2[api.Revisions, error]
}

func (s *scripted) Status(ctx context.Context) (*api.Status, error) { return s.status(ctx) }
func (s *scripted) Tools(ctx context.Context) (*api.Catalog, error) { return s.tools(ctx) }
func (s *scripted) History(ctx context.Context, i string) (*api.History, error) {
	return s.history(ctx, i)
}
func (s *scripted) Connect(ctx context.Context, i string) (*api.Instance, error) {
	return s.connect(ctx, i)
}
func (s *scripted) Disconnect(ctx context.Context, i string) (*api.Instance, error) {
	return s.disconnect(ctx, i)
}
func (s *scripted) Call(ctx context.Context, r api.CallRequest, p func(api.Progress)) (*mcp.CallToolResult, error) {
	return s.call(ctx, r, p)
}
func (s *scripted) Events(ctx context.Context) iter.Seq2[api.Revisions, error] { return s.events(ctx) }

// socketPath is short: systems allow about a hundred bytes.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hub")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// serveAt serves b at path and returns what ends that at once.
func serveAt(t *testing.T, path string, b api.Backend) (stop func()) {
	t.Helper()
	return serveBooks(t, path, b, nil)
}

func serveBooks(t *testing.T, path string, b api.Backend, books api.Books) (stop func()) {
	t.Helper()
	socket, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	h := NewHandler(b, books)
	if socket.Token() != "" {
		h = RequireToken(socket.Token(), h)
	}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(socket)
	}()
	stop = func() {
		server.Close()
		socket.Close()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

const soon = 10 * time.Second

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
