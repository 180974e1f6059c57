package instance

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/instance/calls"
)

// outcomeWait is how long calls_outcome waits for the end of a call.
const outcomeWait = 20 * time.Second

// once makes calls that carry an id run at most once.
func (t *Tools) once(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		call, ok := req.(*mcp.CallToolRequest)
		if !ok || method != "tools/call" {
			return next(ctx, method, req)
		}
		m, ok, err := callid.FromMeta(call.Params.Meta)
		if err != nil {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: err.Error()}
		}
		if !ok || call.Params.Name == callid.OutcomeTool || call.Params.Name == callid.CancelTool {
			return next(ctx, method, req)
		}
		return t.Calls.Do(ctx, m, call.Params.Name, call.Params.Arguments, func(ctx context.Context) (mcp.Result, error) {
			return next(ctx, method, req)
		})
	}
}

func (t *Tools) callsOutcome(ctx context.Context, _ *mcp.CallToolRequest, in callid.Query) (*mcp.CallToolResult, callid.Outcome, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	id, err := callid.Parse(in.CallID)
	if err != nil {
		return nil, callid.Outcome{}, err
	}
	age, wait := time.Duration(-1), time.Duration(0)
	if in.AgeMS > 0 {
		age = time.Duration(min(in.AgeMS, maxAgeMS)) * time.Millisecond
	}
	if in.Wait {
		wait = outcomeWait
	}
	return nil, t.Calls.Outcome(ctx, id, calls.Settling(in.Settle), age, wait), nil
}

const maxAgeMS = 1 << 40 // longer than any instance lives

func (t *Tools) callsCancel(_ context.Context, _ *mcp.CallToolRequest, in callid.Cancel) (*mcp.CallToolResult, callid.Outcome, error) {
	id, err := callid.Parse(in.CallID)
	if err != nil {
		return nil, callid.Outcome{}, err
	}
	return nil, t.Calls.Cancel(id), nil
}
