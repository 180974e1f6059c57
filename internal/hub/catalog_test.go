package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func schema(t *testing.T, text string) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMergeOfEqualToolsChangesNothing(t *testing.T) {
	tool := func() *mcp.Tool {
		return &mcp.Tool{
			Name: "run", Description: "Runs.",
			InputSchema:  schema(t, `{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}`),
			OutputSchema: schema(t, `{"type":"object"}`),
			Annotations:  &mcp.ToolAnnotations{ReadOnlyHint: true},
		}
	}
	c := merge([]offer{{"b", tool()}, {"a", tool()}})
	want := []api.Tool{{Tool: tool(), Instances: []string{"a", "b"}}}
	if diff := cmp.Diff(want, c.Tools); diff != "" {
		t.Error(diff)
	}
}

func TestMergeOfDifferentToolsSuitsAll(t *testing.T) {
	c := merge([]offer{
		{"a", &mcp.Tool{Name: "run", Description: "Runs.", OutputSchema: schema(t, `{"type":"object"}`), Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true},
			InputSchema: schema(t, `{"type":"object","properties":{"name":{"type":"string"},"n":{"type":"integer","description":"how many"},"old":{"type":"string"}},"required":["name","old"],"additionalProperties":false}`)}},
		{"b", &mcp.Tool{Name: "run", Description: "Runs.",
			InputSchema: schema(t, `{"type":"object","properties":{"name":{"type":"string"},"n":{"type":"string","description":"a number"},"new":{"type":"boolean"}},"required":["name","new"]}`)}},
	})
	if len(c.Tools) != 1 {
		t.Fatalf("%d tools", len(c.Tools))
	}
	got := c.Tools[0]
	want := map[string]any{
		"type": "object",
		"properties": map[string]any{
			"name": map[string]any{"type": "string"},
			"n":    map[string]any{"description": "how many / a number"},
			"old":  map[string]any{"type": "string"},
			"new":  map[string]any{"type": "boolean"},
		},
		"required": []string{"name"},
	}
	if diff := cmp.Diff(want, got.Tool.InputSchema); diff != "" {
		t.Error(diff)
	}
	if got.Tool.OutputSchema != nil || got.Tool.Annotations != nil || !strings.Contains(got.Tool.Description, "differ") {
		t.Errorf("%+v", got.Tool)
	}
}

func TestMergeSurvivesNonsense(t *testing.T) {
	for _, odd := range []any{nil, "text", 7.0, []any{1}, map[string]any{"properties": 3, "required": "x"}, map[string]any{"properties": map[string]any{"p": nil}, "required": []any{1, "p"}}} {
		c := merge([]offer{
			{"a", &mcp.Tool{Name: "t", InputSchema: odd}},
			{"b", &mcp.Tool{Name: "t", InputSchema: map[string]any{"type": "object"}}},
			{"c", &mcp.Tool{Name: "t", InputSchema: odd}},
		})
		if len(c.Tools) != 1 || len(c.Tools[0].Instances) != 3 {
			t.Errorf("%v: %+v", odd, c.Tools)
		}
	}
}

// An instance's new tool appears by itself, and goes with its instance.
func TestCatalogFollowsInstances(t *testing.T) {
	a, b := newTestInstance(t, "a-1", "web"), newTestInstance(t, "b-1", "api")
	h := startHub(t, nil)
	h.source.sees(a.found, b.found)
	names := func() []string {
		c, err := h.Tools(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range c.Tools {
			names = append(names, e.Tool.Name+":"+strings.Join(e.Instances, ","))
		}
		return names
	}
	until := func(want ...string) {
		t.Helper()
		h.until(t, strings.Join(want, " "), func(*api.Status) bool { return slices.Equal(names(), want) })
	}
	// The first answer waits for both.
	if got, want := names(), []string{"block:a-1,b-1", "echo:a-1,b-1", "steps:a-1,b-1"}; !slices.Equal(got, want) {
		t.Errorf("at first %v, want %v", got, want)
	}
	b.mcp.AddTool(&mcp.Tool{Name: "fresh", InputSchema: anything}, nil)
	until("block:a-1,b-1", "echo:a-1,b-1", "fresh:b-1", "steps:a-1,b-1")
	b.mcp.RemoveTools("block", "steps")
	until("block:a-1", "echo:a-1,b-1", "fresh:b-1", "steps:a-1")
	h.source.sees(b.found)
	until("echo:b-1", "fresh:b-1")
}

// What an instance says about its tools must neither crash the hub nor fill its memory.
func TestNonsenseToolsAreLeftOut(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	a.mcp.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			res, err := next(ctx, method, req)
			if list, ok := res.(*mcp.ListToolsResult); ok {
				huge := &mcp.Tool{Name: "huge", Description: strings.Repeat("x", maxToolBytes), InputSchema: anything}
				list.Tools = append(list.Tools, nil, huge)
				for n := range 2 * maxTools {
					list.Tools = append(list.Tools, &mcp.Tool{Name: fmt.Sprint("t", n), InputSchema: anything})
				}
			}
			return res, err
		}
	})
	h := startHub(t, nil)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	c, err := h.Tools(t.Context())
	if err != nil || len(c.Tools) != maxTools {
		t.Fatalf("%d tools, %v", len(c.Tools), err)
	}
	if slices.ContainsFunc(c.Tools, func(e api.Tool) bool { return e.Tool.Name == "huge" }) {
		t.Error("the huge tool is in the catalog")
	}
	h.echo(t, t.Context(), "web")
}
