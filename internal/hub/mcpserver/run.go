package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// CodeKey is where the _meta of an error result says which api.Code it is.
const CodeKey = "brum/code"

// RetryAfterKey is where it says, in milliseconds, when another attempt makes sense.
const RetryAfterKey = "brum/retry_after_ms"

// run returns the handler that runs an instance's tool. What goes wrong is told as the
// tool's result, where the model can read it.
func (s *Server) run(tool string) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		instance, args, err := splitInstance(req.Params.Arguments)
		if err != nil {
			return failure(err), nil
		}
		token := req.Params.GetProgressToken()
		call := api.CallRequest{Instance: instance, Tool: tool, Arguments: args, WantProgress: token != nil}
		if id, ok := req.Params.Meta[callid.KeyID]; ok {
			call.ID = fmt.Sprint(id) // the hub says if that is none
		}
		res, err := s.backend.Call(ctx, call, func(p api.Progress) {
			if token == nil {
				return
			}
			// A client that is gone ends the call by its context.
			_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: token,
				Progress:      p.Progress,
				Total:         p.Total,
				Message:       p.Message,
			})
		})
		if err != nil {
			return failure(err), nil
		}
		if res.Content == nil {
			res.Content = []mcp.Content{} // which the protocol demands
		}
		return res, nil
	}
}

// splitInstance takes instance_id out of a call's arguments.
func splitInstance(arguments json.RawMessage) (instance string, rest json.RawMessage, err error) {
	args := map[string]json.RawMessage{}
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &args); err != nil {
			return "", nil, &api.Error{Code: api.CodeInvalid, Message: "the arguments are no JSON object"}
		}
	}
	given, ok := args[instanceID]
	if !ok || json.Unmarshal(given, &instance) != nil || instance == "" {
		return "", nil, &api.Error{Code: api.CodeInvalid, Message: instanceID + " is missing: it names the instance, see instances_list"}
	}
	delete(args, instanceID)
	rest, err = json.Marshal(args)
	return instance, rest, err
}

// failure is an error as a tool's result.
func failure(err error) *mcp.CallToolResult {
	res := &mcp.CallToolResult{
		IsError: true,
		Content: []mcp.Content{&mcp.TextContent{Text: err.Error()}},
	}
	if e, ok := errors.AsType[*api.Error](err); ok {
		res.Content = []mcp.Content{&mcp.TextContent{Text: fmt.Sprintf("%s: %s", e.Code, e.Error())}}
		res.Meta = mcp.Meta{CodeKey: string(e.Code)}
		if e.RetryAfterMillis > 0 {
			res.Meta[RetryAfterKey] = e.RetryAfterMillis
		}
	}
	return res
}
