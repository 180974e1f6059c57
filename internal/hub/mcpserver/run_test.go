package mcpserver

import (
	"context"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// A client may name its call; what is no id is the hub's to refuse.
func TestClientsNameTheirCalls(t *testing.T) {
	b := &backend{}
	b.set(&mcp.Tool{Name: "tool", InputSchema: map[string]any{"type": "object"}})
	got := make(chan string, 1)
	b.call = func(_ context.Context, r api.CallRequest, _ func(api.Progress)) (*mcp.CallToolResult, error) {
		got <- r.ID
		return &mcp.CallToolResult{}, nil
	}
	c := connect(t, b, nil, "")
	id := string(callid.New())
	for _, of := range []struct {
		meta mcp.Meta
		want string
	}{{mcp.Meta{callid.KeyID: id}, id}, {nil, ""}, {mcp.Meta{callid.KeyID: "x"}, "x"}, {mcp.Meta{callid.KeyID: 7}, "7"}} {
		params := &mcp.CallToolParams{Meta: of.meta, Name: "hub_tool", Arguments: map[string]any{"instance_id": "i"}}
		if _, err := c.CallTool(t.Context(), params); err != nil {
			t.Fatal(err)
		}
		if id := await(t, "call", got); id != of.want {
			t.Errorf("%v: the call's id is %q, want %q", of.meta, id, of.want)
		}
	}
}
