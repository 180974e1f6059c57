package hub

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Answers of the log tools travel on a stream of their own: one that is large and on its way
// takes nothing from the main one.
func TestLogsHaveALaneOfTheirOwn(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	const size = 8 << 20
	a.mcp.AddTool(&mcp.Tool{Name: "logs_flood", InputSchema: json.RawMessage(`{"type":"object"}`)},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return textResult(strings.Repeat("x", size)), nil
		})
	h := startHub(t, nil)
	h.source.sees(a.found)
	sess := await(t, "session", a.sessions)
	h.reaches(t, "a-1", api.Active)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		h.mu.Lock()
		c := h.links["a-1"].client
		h.mu.Unlock()
		if c != nil && c.laneFor("logs_flood") != c.main {
			if c.laneFor("echo") != c.main {
				t.Error("an ordinary call takes the lane for logs")
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no lane for logs")
		}
	}
	if n := sess.Stats().Streams; n != 1 {
		t.Errorf("%d streams", n)
	}
	res, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "logs_flood"}, nil)
	if err != nil || len(textOf(t, res)) != size {
		t.Errorf("a large answer: %v", err)
	}
	h.echo(t, t.Context(), "web")
}
