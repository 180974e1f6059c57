package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 10 * time.Second

// backend is a hub whose catalog and calls a test decides about.
type backend struct {
	api.Backend
	call func(context.Context, api.CallRequest, func(api.Progress)) (*mcp.CallToolResult, error)

	mu      sync.Mutex
	catalog api.Catalog
	events  chan api.Revisions
}

func (b *backend) set(tools ...*mcp.Tool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.catalog = api.Catalog{}
	for _, t := range tools {
		b.catalog.Tools = append(b.catalog.Tools, api.Tool{Tool: t, Instances: []string{"i"}})
	}
}

func (b *backend) Tools(context.Context) (*api.Catalog, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.catalog
	return &c, nil
}

func (b *backend) Call(ctx context.Context, r api.CallRequest, p func(api.Progress)) (*mcp.CallToolResult, error) {
	return b.call(ctx, r, p)
}

func (b *backend) Events(ctx context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		for {
			select {
			case r := <-b.events:
				if !yield(r, nil) {
					return
				}
			case <-ctx.Done():
				yield(api.Revisions{}, ctx.Err())
				return
			}
		}
	}
}

// connect runs a server in front of b and returns a client of it.
func connect(t *testing.T, b *backend, o *mcp.ClientOptions, version string) *mcp.ClientSession {
	t.Helper()
	b.events = make(chan api.Revisions, 100)
	b.events <- api.Revisions{Tools: 1}
	s := New(b, "test", slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	near, far := mcp.NewInMemoryTransports()
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	running.Go(func() { s.MCP().Run(ctx, far) })
	c, err := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, o).Connect(ctx, near, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		cancel()
		running.Wait()
	})
	return c
}

var versions = []string{"2025-06-18", "2025-11-25", "2026-07-28"}

func eachVersion(t *testing.T, f func(t *testing.T, version string)) {
	for _, v := range versions {
		t.Run(v, func(t *testing.T) { f(t, v) })
	}
}

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

func list(t *testing.T, c *mcp.ClientSession) map[string]*mcp.Tool {
	t.Helper()
	tools := make(map[string]*mcp.Tool)
	for tool, err := range c.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		tools[tool.Name] = tool
	}
	return tools
}

func TestToolsGetAnInstanceID(t *testing.T) {
	b := &backend{}
	b.set(&mcp.Tool{
		Name: "run", Title: "Run", Description: "Runs.", Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
		InputSchema:  map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}, "required": []any{"name"}, "additionalProperties": false},
		OutputSchema: map[string]any{"type": "object"},
	}, &mcp.Tool{Name: "bare"})
	c := connect(t, b, nil, "")
	tools := list(t, c)
	got := tools["hub_run"]
	want := &mcp.Tool{
		Name: "hub_run", Title: "Run", Description: "Runs.", Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
		InputSchema: map[string]any{
			"type": "object", "additionalProperties": false,
			"properties": map[string]any{
				"name":        map[string]any{"type": "string"},
				"instance_id": map[string]any{"type": "string", "description": instanceIDHelp},
			},
			"required": []any{"instance_id", "name"},
		},
		OutputSchema: map[string]any{"type": "object"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if tools["hub_bare"] == nil {
		t.Error("a tool without a schema is not offered")
	}
}

// What instances say is not to be trusted: it must neither crash the hub nor hide good tools.
func TestNonsenseIsNotOffered(t *testing.T) {
	b := &backend{}
	object := map[string]any{"type": "object"}
	b.set(
		&mcp.Tool{Name: "good", InputSchema: object},
		nil,
		&mcp.Tool{Name: "", InputSchema: object},
		&mcp.Tool{Name: "white space", InputSchema: object},
		&mcp.Tool{Name: strings.Repeat("x", 61), InputSchema: object},
		&mcp.Tool{Name: "list", InputSchema: []any{1}},
		&mcp.Tool{Name: "number", InputSchema: map[string]any{"type": "number"}},
		&mcp.Tool{Name: "types", InputSchema: map[string]any{"type": []any{"object"}}},
		&mcp.Tool{Name: "own", InputSchema: map[string]any{"type": "object", "properties": map[string]any{"instance_id": true}}},
		&mcp.Tool{Name: "header", InputSchema: map[string]any{"type": "object", "properties": map[string]any{"p": map[string]any{"type": "object", "x-mcp-header": 7}}}},
		&mcp.Tool{Name: "odd", InputSchema: map[string]any{"properties": 7, "required": "x"}},
		&mcp.Tool{Name: "unmarshalable", InputSchema: map[string]any{"type": "object", "f": func() {}}},
		&mcp.Tool{Name: "last", InputSchema: object},
	)
	c := connect(t, b, nil, "")
	tools := list(t, c)
	for _, name := range []string{"hub_good", "hub_last", "hub_odd", "instances_list"} {
		if tools[name] == nil {
			t.Errorf("%s is not offered", name)
		}
	}
	for _, name := range []string{"hub_", "hub_white space", "hub_list", "hub_number", "hub_types", "hub_own", "hub_unmarshalable"} {
		if tools[name] != nil {
			t.Errorf("%s is offered: %+v", name, tools[name])
		}
	}
}

func TestClientsAreToldOfChanges(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		b := &backend{}
		tool := func(name string) *mcp.Tool {
			return &mcp.Tool{Name: name, InputSchema: map[string]any{"type": "object"}}
		}
		b.set(tool("one"))
		changed := make(chan struct{}, 100)
		c := connect(t, b, &mcp.ClientOptions{ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { changed <- struct{}{} }}, version)
		if tools := list(t, c); tools["hub_one"] == nil {
			t.Fatalf("at first %v", tools)
		}
		b.set(tool("one"), tool("two"))
		b.events <- api.Revisions{Tools: 2}
		for list(t, c)["hub_two"] == nil {
			await(t, "tools/list_changed", changed)
		}
		b.set(tool("two"))
		b.events <- api.Revisions{Tools: 3}
		for list(t, c)["hub_one"] != nil {
			await(t, "tools/list_changed", changed)
		}
	})
}

func TestCallsPassThrough(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		b := &backend{}
		b.set(&mcp.Tool{Name: "run"})
		b.call = func(_ context.Context, r api.CallRequest, p func(api.Progress)) (*mcp.CallToolResult, error) {
			if r.Instance != "i" || r.Tool != "run" || string(r.Arguments) != `{"big":9007199254740993,"x":[1]}` {
				t.Errorf("called with %+v", r)
			}
			for n := range 3 {
				p(api.Progress{Progress: float64(n + 1), Total: 3, Message: "m"})
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done"}}, StructuredContent: map[string]any{"k": 1.0}}, nil
		}
		progress := make(chan float64, 100)
		c := connect(t, b, &mcp.ClientOptions{ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			if r.Params.ProgressToken != "tok" || r.Params.Total != 3 || r.Params.Message != "m" {
				t.Errorf("progress %+v", r.Params)
			}
			progress <- r.Params.Progress
		}}, version)
		params := &mcp.CallToolParams{Name: "hub_run", Arguments: json.RawMessage(`{"x":[1],"instance_id":"i","big":9007199254740993}`)}
		params.SetProgressToken("tok")
		res, err := c.CallTool(t.Context(), params)
		if err != nil || res.IsError || res.Content[0].(*mcp.TextContent).Text != "done" {
			t.Fatalf("%+v, %v", res, err)
		}
		if diff := cmp.Diff(map[string]any{"k": 1.0}, res.StructuredContent); diff != "" {
			t.Error(diff)
		}
		var got []float64
		for range 3 {
			got = append(got, await(t, "progress", progress))
		}
		if slices.Sort(got); !slices.Equal(got, []float64{1, 2, 3}) {
			t.Errorf("progress %v", got)
		}
	})
}

func TestF1_CancelPassesThrough(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		b := &backend{}
		b.set(&mcp.Tool{Name: "run"})
		began, ended := make(chan struct{}), make(chan error, 1)
		b.call = func(ctx context.Context, _ api.CallRequest, _ func(api.Progress)) (*mcp.CallToolResult, error) {
			close(began)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}
		c := connect(t, b, nil, version)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := c.CallTool(ctx, &mcp.CallToolParams{Name: "hub_run", Arguments: map[string]any{"instance_id": "i"}})
			result <- err
		}()
		await(t, "call", began)
		cancel()
		if err := await(t, "result", result); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := await(t, "end of the handler", ended); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// Errors are results that a model can read, with a code that a program can.
func TestErrorsAreResults(t *testing.T) {
	b := &backend{}
	b.call = func(context.Context, api.CallRequest, func(api.Progress)) (*mcp.CallToolResult, error) {
		return nil, &api.Error{Code: api.CodeOutcomeUnknown, Message: "who knows"}
	}
	c := connect(t, b, nil, "")
	// Not listed: the instance may have it all the same.
	res, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "hub_run", Arguments: map[string]any{"instance_id": "i"}})
	if err != nil {
		t.Fatal(err)
	}
	text := res.Content[0].(*mcp.TextContent).Text
	if !res.IsError || text != "outcome_unknown: who knows" || res.Meta[CodeKey] != "outcome_unknown" {
		t.Errorf("%+v %s", res, text)
	}
	for _, args := range []any{nil, map[string]any{"instance_id": ""}, map[string]any{"instance_id": 7}} {
		res, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "hub_run", Arguments: args})
		if err != nil || !res.IsError || res.Meta[CodeKey] != string(api.CodeInvalid) {
			t.Errorf("%v: %+v, %v", args, res, err)
		}
	}
	if _, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "nonsense"}); err == nil {
		t.Error("a tool of nobody")
	}
}
