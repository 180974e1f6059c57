package hub

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
)

// A call whose answer does not come is given up for lost when the instance says that it has
// ended, and not while it says that it runs; a read after a while.
func TestD3_SilentlyLostAnswers(t *testing.T) {
	for name, of := range map[string]struct {
		tool string
		meta callid.Meta
		runs time.Duration // for how long the instance says so
		lost time.Duration // when the answer is given up
	}{
		"call":      {"scripts_run", callid.Meta{ID: callid.New()}, 35 * time.Second, 40*time.Second + lateAnswer},
		"long call": {"scripts_run", callid.Meta{ID: callid.New()}, 2 * time.Hour, 2*time.Hour + lateAnswer},
		"read":      {"scripts_list", callid.Meta{}, time.Hour, readLimit},
		"logs":      {"logs_stream", callid.Meta{}, time.Hour, logReadLimit},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				server := mcp.NewServer(&mcp.Implementation{Name: "instance", Version: "1"}, nil)
				mcp.AddTool(server, &mcp.Tool{Name: callid.OutcomeTool}, func(_ context.Context, _ *mcp.CallToolRequest, q callid.Query) (*mcp.CallToolResult, callid.Outcome, error) {
					out := callid.Outcome{CallID: q.CallID, State: callid.Running}
					if time.Since(began) >= of.runs {
						out.State = callid.Done
					}
					if q.Settle || q.Wait {
						t.Errorf("%+v: that is more than a question", q)
					}
					return nil, out, nil
				})
				there, here := mcp.NewInMemoryTransports()
				serving, err := server.Connect(t.Context(), there, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer serving.Close()
				session, err := mcp.NewClient(&mcp.Implementation{Name: "hub", Version: "1"}, nil).Connect(t.Context(), here, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				c := &client{main: &lane{mcp: session}, asks: true}
				if !c.answerIsLost(t.Context(), of.tool, of.meta) {
					t.Error("it is not given up")
				}
				if took := time.Since(began); took != of.lost {
					t.Errorf("given up after %v, want %v", took, of.lost)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if c.answerIsLost(ctx, of.tool, of.meta) {
					t.Error("an answer that came is given up")
				}
			})
		})
	}
}
