package httpconn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// codeToolFailed is an existing brummer's word for a tool that was run and failed.
const codeToolFailed = -32000

// content is a text in a CallToolResult.
type content struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// callResult is a CallToolResult made here.
type callResult struct {
	Content    []content       `json:"content"`
	Structured json.RawMessage `json:"structuredContent,omitempty"`
	IsError    bool            `json:"isError,omitempty"`
}

// legacyResult makes a CallToolResult of what a tool of an existing brummer returned. The text
// is a string as it is, and anything else in the JSON it came in. What programs read is an
// object as it is, and anything else as the member result of one, since the protocol wants an
// object. A value that is a CallToolResult already is left alone.
func legacyResult(raw json.RawMessage, err error) (json.RawMessage, error) {
	if failure, ok := errors.AsType[*jsonrpc.Error](err); ok && failure.Code == codeToolFailed {
		return json.Marshal(callResult{Content: []content{{"text", failure.Message}}, IsError: true})
	}
	if err != nil || isCallResult(raw) {
		return raw, err
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
	}
	structured := raw
	if raw[0] != '{' {
		structured = fmt.Appendf(nil, `{"result":%s}`, raw)
	}
	return json.Marshal(callResult{Content: []content{{"text", text}}, Structured: structured})
}

// isCallResult reports whether raw has the form of a CallToolResult.
func isCallResult(raw json.RawMessage) bool {
	var r struct {
		Content []struct {
			Type string `json:"type"`
		} `json:"content"`
	}
	if json.Unmarshal(raw, &r) != nil || r.Content == nil {
		return false
	}
	for _, c := range r.Content {
		switch c.Type {
		case "text", "image", "audio", "resource", "resource_link":
		default:
			return false
		}
	}
	return true
}

// legacyTools makes an existing brummer's list of tools one that MCP allows, and describes
// logs_stream as it is here.
func legacyTools(raw json.RawMessage) (json.RawMessage, error) {
	var list struct {
		Tools []map[string]json.RawMessage `json:"tools"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("the list of tools is not understood: %w", err)
	}
	tools := []map[string]json.RawMessage{}
	for _, t := range list.Tools {
		if t == nil {
			continue
		}
		if s := bytes.TrimSpace(t["inputSchema"]); len(s) == 0 || s[0] != '{' {
			t["inputSchema"] = json.RawMessage(`{"type":"object"}`)
		}
		if bytes.Equal(t["name"], []byte(`"`+logTool+`"`)) {
			t["inputSchema"] = json.RawMessage(logSchema)
			description, err := json.Marshal(logHelp)
			if err != nil {
				return nil, err
			}
			t["description"] = description
		}
		tools = append(tools, t)
	}
	// brummer's order is another one each time.
	slices.SortFunc(tools, func(a, b map[string]json.RawMessage) int { return bytes.Compare(a["name"], b["name"]) })
	return json.Marshal(map[string]any{"tools": tools})
}
