package httpconn

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/brummertest"
	"github.com/standardbeagle/brum/session"
)

// reach connects an MCP client to what is at a URL.
func reach(t *testing.T, cfg Config) (*Conn, *mcp.ClientSession) {
	t.Helper()
	c, err := Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	if err := c.WaitActive(t.Context()); err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
	s, err := client.Connect(t.Context(), c.Transport(), &mcp.ClientSessionOptions{ProtocolVersion: mcpVersion})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c, s
}

func call(t *testing.T, s *mcp.ClientSession, tool string, arguments any) (*mcp.CallToolResult, error) {
	t.Helper()
	return s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
}

func text(t *testing.T, r *mcp.CallToolResult) string {
	t.Helper()
	if len(r.Content) != 1 {
		t.Fatalf("%d contents", len(r.Content))
	}
	return r.Content[0].(*mcp.TextContent).Text
}

func structured(t *testing.T, r *mcp.CallToolResult) string {
	t.Helper()
	data, err := json.Marshal(r.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// J3, D3: an existing brummer knows no ping and is there all the same; its tools are listed as
// MCP wants them, and its raw results become CallToolResults that hold what it said.
func TestD3_ExistingBrummer(t *testing.T) {
	b := brummertest.New(t)
	c, s := reach(t, Config{URL: b.URL + "/mcp", Life: "1"})
	if err := s.Ping(t.Context(), nil); err != nil {
		t.Error("ping:", err)
	}
	if n := b.Pings.Load(); n < 2 || c.State() != session.Active {
		t.Errorf("%d pings, %v", n, c.State())
	}

	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Tools) != 4 {
		t.Errorf("%d tools", len(list.Tools))
	}
	for _, tool := range list.Tools {
		schema, ok := tool.InputSchema.(map[string]any)
		if !ok || schema["type"] != "object" {
			t.Errorf("%s has the schema %v", tool.Name, tool.InputSchema)
		}
		properties, _ := schema["properties"].(map[string]any)
		if tool.Name == "logs_stream" && properties["cursor"] == nil {
			t.Error("logs_stream has no cursor")
		}
	}

	for _, of := range []struct {
		value            any
		text, structured string
	}{
		{map[string]any{"a": 1.0}, `{"a":1}`, `{"a":1}`},
		{[]any{1.0, "x"}, `[1,"x"]`, `{"result":[1,"x"]}`},
		{[]any{}, `[]`, `{"result":[]}`},
		{"words", "words", `{"result":"words"}`},
		{42.0, "42", `{"result":42}`},
		{false, "false", `{"result":false}`},
		{nil, "null", `{"result":null}`}, // which it leaves out
		{map[string]any{"content": "no result of MCP"}, `{"content":"no result of MCP"}`, `{"content":"no result of MCP"}`},
		{map[string]any{"content": []any{map[string]any{"type": "tabular"}}}, `{"content":[{"type":"tabular"}]}`, `{"content":[{"type":"tabular"}]}`},
		{map[string]any{"content": []any{map[string]any{"type": "text", "text": "is one"}}}, "is one", "null"},
	} {
		res, err := call(t, s, "bare", map[string]any{"value": of.value})
		if err != nil {
			t.Errorf("%v: %v", of.value, err)
			continue
		}
		if got, data := text(t, res), structured(t, res); got != of.text || data != of.structured || res.IsError {
			t.Errorf("%v has become %q and %s", of.value, got, data)
		}
	}

	res, err := call(t, s, "fails", nil)
	if err != nil || !res.IsError || text(t, res) != "Tool execution failed: no such script" {
		t.Errorf("a tool that failed: %+v, %v", res, err)
	}
	_, err = call(t, s, "nothing", nil)
	if refusal, ok := errors.AsType[*jsonrpc.Error](err); !ok || refusal.Code != -32602 || refusal.Message != "Tool not found: Tool 'nothing' not found" {
		t.Errorf("a tool that is not there: %v", err)
	}
	if n := b.Clients(); n != 1 {
		t.Errorf("the instance counted %d clients", n)
	}
}

// D3: lines are read on from a cursor, none twice and none left out, also where many come
// between two questions, two have one time, and the hub was restarted.
func TestD3_ExistingBrummersLog(t *testing.T) {
	b := brummertest.New(t)
	const kept = 2000
	b.Kept = kept
	c, s := reach(t, Config{URL: b.URL + "/mcp", Life: "life"})
	c.kept = kept
	const start = int64(1_790_000_000_000_000_000)
	written := int64(0)
	write := func(n int) {
		for range n {
			b.Write(start+written/2, "dev", fmt.Sprint("line ", written), 1) // two at a time
			written++
		}
	}
	read := func(s *mcp.ClientSession, arguments map[string]any) logPage {
		t.Helper()
		res, err := call(t, s, "logs_stream", arguments)
		if err != nil || res.IsError {
			t.Fatal(err, res)
		}
		var p logPage
		if err := json.Unmarshal([]byte(structured(t, res)), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	write(150)
	p := read(s, map[string]any{"limit": 10})
	if len(p.Lines) != 10 || p.Lines[9].Text != "line 149" || p.Cursor == "" || p.More {
		t.Fatalf("%+v", p)
	}
	seen := 150
	for _, n := range []int{0, 1, 99, 100, 101, 1100, 3} {
		write(n)
		if n == 1100 { // another hub, which knows the cursor only
			c, s = reach(t, Config{URL: b.URL + "/mcp", Life: "life"})
			c.kept = kept
		}
		for more := true; more; {
			p = read(s, map[string]any{"limit": 1000, "cursor": p.Cursor})
			for _, l := range p.Lines {
				if want := fmt.Sprint("line ", seen); l.Text != want {
					t.Fatalf("after %d lines came %q instead of %q", n, l.Text, want)
				}
				seen++
			}
			if p.GapUnknown || p.Restart {
				t.Fatalf("%+v", p)
			}
			more = p.More
		}
	}
	if seen != 150+1404 {
		t.Errorf("%d lines read", seen)
	}

	cursor := p.Cursor
	write(kept - 3)
	if p = read(s, map[string]any{"cursor": cursor}); p.GapUnknown {
		t.Error("nothing was lost, and a gap is told")
	}
	write(4)
	if p = read(s, map[string]any{"cursor": cursor}); !p.GapUnknown {
		t.Error("a line was lost, and nobody says so")
	}

	end := start + written
	b.Write(end, "api", "bad", 3)
	p = read(s, map[string]any{"processId": "api", "level": "warn"})
	if len(p.Lines) != 1 || p.Lines[0].Text != "bad" || p.Lines[0].Level != "error" || p.Lines[0].Stream != "stderr" ||
		p.Lines[0].Time.UnixNano() != end {
		t.Errorf("%+v", p)
	}
	cursor = p.Cursor
	_, other := reach(t, Config{URL: b.URL + "/mcp", Life: "another"})
	if p = read(other, map[string]any{"cursor": cursor}); !p.Restart || len(p.Lines) == 0 || p.Lines[0].Text == "bad" {
		t.Errorf("behind a restart: %d lines, %v", len(p.Lines), p.Restart)
	}
	if _, err := call(t, s, "logs_stream", map[string]any{"cursor": "nonsense"}); err == nil {
		t.Error("a cursor that is none was taken")
	}

	asked := b.Calls.Load()
	go func() {
		for b.Calls.Load() == asked { // it follows already
			time.Sleep(time.Millisecond)
		}
		b.Write(end+1, "dev", "not asked for", 1)
		b.Write(end+2, "api", "news", 1)
	}()
	p = read(s, map[string]any{"follow": true, "processId": "api", "cursor": cursor})
	if len(p.Lines) != 1 || p.Lines[0].Text != "news" {
		t.Errorf("%+v", p)
	}
}
