package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// addInstanceTools adds the tools that are the hub's own.
func (s *Server) addInstanceTools() {
	none := map[string]any{"type": "object", "properties": map[string]any{}}
	one := map[string]any{
		"type": "object",
		"properties": map[string]any{instanceID: map[string]any{
			"type": "string", "description": "An instance: its id, a unique prefix of its id, or its name.",
		}},
		"required": []string{instanceID},
	}
	s.mcp.AddTool(&mcp.Tool{
		Name: "instances_list",
		Description: "List all instances with their state (discovered, connecting, active, suspect, retrying, stalled, stopped), " +
			"also those that can't be reached at the moment. An instance that is retrying comes back by itself; calls to it wait.",
		InputSchema: none,
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: new(bool)},
	}, s.listInstances)
	s.mcp.AddTool(&mcp.Tool{
		Name: "instances_connect",
		Description: "Connect an instance that was disconnected, or try to reach one again at once. " +
			"Instances are connected by themselves, so this is seldom needed.",
		InputSchema: one,
		Annotations: &mcp.ToolAnnotations{IdempotentHint: true, DestructiveHint: new(bool), OpenWorldHint: new(bool)},
	}, s.oneInstance(s.backend.Connect))
	s.mcp.AddTool(&mcp.Tool{
		Name:        "instances_disconnect",
		Description: "Disconnect an instance and leave it alone until instances_connect. Its processes go on.",
		InputSchema: one,
		Annotations: &mcp.ToolAnnotations{IdempotentHint: true, OpenWorldHint: new(bool)},
	}, s.oneInstance(s.backend.Disconnect))
}

func (s *Server) listInstances(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	status, err := s.backend.Status(ctx)
	if err != nil {
		return failure(err), nil
	}
	return result(map[string]any{"instances": status.Instances})
}

func (s *Server) oneInstance(do func(context.Context, string) (*api.Instance, error)) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		instance, _, err := splitInstance(req.Params.Arguments)
		if err != nil {
			return failure(err), nil
		}
		state, err := do(ctx, instance)
		if err != nil {
			return failure(err), nil
		}
		// Whoever asks for the tools next finds those of the instance, or no longer.
		if err := s.refresh(ctx); err != nil {
			s.log.Info("the list of tools will follow", "error", err)
		}
		return result(state)
	}
}

// result is v both as structured content and, for clients that don't know that, as text.
func result(v any) (*mcp.CallToolResult, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	return &mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: string(text)}},
		StructuredContent: v,
	}, nil
}
