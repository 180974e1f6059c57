// Package brummertest is an existing brummer, as far as a hub sees it over the wire.
package brummertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Brummer speaks as an existing brummer does: no ping, raw results, lines without cursors, an
// error for what it does not know, and no interest in whether anybody waits for the answer.
type Brummer struct {
	*httptest.Server
	Calls   atomic.Int64 // of tools
	Pings   atomic.Int64
	clients sync.Map      // session ids that were seen
	Slow    chan struct{} // closed: the tool slow returns
	Kept    int           // lines; set before the first is written
	gone    chan struct{}

	mu    sync.Mutex
	lines []json.RawMessage
}

// New returns one that serves until the end of the test.
func New(t testing.TB) *Brummer {
	t.Helper()
	b := &Brummer{Slow: make(chan struct{}), Kept: 10_000, gone: make(chan struct{})}
	b.Server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(func() { close(b.gone); b.Close() })
	return b
}

func (b *Brummer) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/mcp" || r.Method != http.MethodPost {
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		http.Error(w, "this would be a stream of events", http.StatusTeapot)
		return
	}
	id := r.Header.Get("Mcp-Session-Id")
	if id == "" {
		id = fmt.Sprint("new-", time.Now().UnixNano())
	}
	b.clients.Store(id, true)
	var req struct {
		ID     any             `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"jsonrpc": "2.0"}
	if req.ID != nil {
		answer["id"] = req.ID
	}
	refuse := func(code int, message string, data any) {
		answer["error"] = map[string]any{"code": code, "message": message, "data": data}
	}
	switch req.Method {
	case "initialize":
		answer["result"] = map[string]any{"protocolVersion": "2024-11-05", "serverInfo": map[string]any{"name": "brummer", "version": "2.0"},
			"capabilities": map[string]any{"tools": map[string]any{"listChanged": true}, "logging": map[string]any{}}}
	case "tools/list":
		answer["result"] = map[string]any{"tools": []any{
			map[string]any{"name": "scripts_list", "description": "List", "inputSchema": map[string]any{"type": "object", "properties": map[string]any{}}},
			map[string]any{"name": "logs_stream", "description": "Stream", "inputSchema": map[string]any{"type": "object"}},
			map[string]any{"name": "bare"}, map[string]any{"name": "slow"},
		}}
	case "tools/call":
		var call struct {
			Name      string `json:"name"`
			Arguments struct {
				Limit int `json:"limit"`
				Value any `json:"value"`
			} `json:"arguments"`
		}
		if err := json.Unmarshal(req.Params, &call); err != nil {
			refuse(-32602, "Invalid params", err.Error())
			break
		}
		b.Calls.Add(1)
		switch call.Name {
		case "scripts_list":
			answer["result"] = map[string]any{"dev": "vite"}
		case "bare":
			if call.Arguments.Value != nil {
				answer["result"] = call.Arguments.Value
			}
		case "slow":
			select {
			case <-b.Slow:
			case <-b.gone:
			}
			answer["result"] = "done"
		case "fails":
			refuse(-32000, "Tool execution failed", "no such script")
		case "logs_stream":
			w.Header().Set("Content-Type", "text/event-stream") // though it is none
			answer["result"] = b.last(call.Arguments.Limit)
		default:
			refuse(-32602, "Tool not found", "Tool '"+call.Name+"' not found")
		}
	default:
		if req.Method == "ping" {
			b.Pings.Add(1)
		}
		refuse(-32601, "Method not found", nil)
	}
	json.NewEncoder(w).Encode(answer)
}

// Clients is how many clients it has counted.
func (b *Brummer) Clients() (n int) {
	b.clients.Range(func(any, any) bool { n++; return true })
	return n
}

// Write adds a line at a nanosecond.
func (b *Brummer) Write(at int64, process, text string, level int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, fmt.Appendf(nil, `{"content":%q,"id":"%s-7-%d","isError":%v,"level":%d,"priority":0,"processId":"%s-7","processName":%q,"tags":[],"timestamp":%q}`,
		text, process, at, level == 3, level, process, process, time.Unix(0, at).UTC().Format(time.RFC3339)))
	if len(b.lines) > b.Kept {
		b.lines = b.lines[len(b.lines)-b.Kept:]
	}
}

func (b *Brummer) last(n int) []json.RawMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]json.RawMessage{}, b.lines[max(0, len(b.lines)-n):]...)
}
