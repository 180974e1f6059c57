package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// bridge starts brum-hub mcp as AI tools do. changed gets a value when the tools changed.
func (w *world) bridge(t *testing.T, more ...string) (session *mcp.ClientSession, changed chan struct{}) {
	t.Helper()
	changed = make(chan struct{}, 100)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ClientOptions{
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { changed <- struct{}{} },
	})
	cmd := exec.Command(hubProgram, append(append([]string{"mcp"}, w.serveArgs()...), more...)...)
	logs := new(buffer)
	cmd.Stderr = logs
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, logs)
	}
	t.Cleanup(func() {
		session.Close()
		if t.Failed() {
			t.Logf("bridge:\n%s", tail(logs.String()))
		}
	})
	return session, changed
}

func toolNames(t *testing.T, session *mcp.ClientSession) []string {
	t.Helper()
	var names []string
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
		schema := tool.InputSchema.(map[string]any)
		required, _ := schema["required"].([]any)
		if strings.HasPrefix(tool.Name, "hub_") && !slices.Contains(required, any("instance_id")) {
			t.Errorf("%s does not require instance_id: %v", tool.Name, schema)
		}
	}
	return names
}

// callTool calls a tool within a time and returns its text.
func callTool(t *testing.T, session *mcp.ClientSession, name string, args map[string]any) (text string, res *mcp.CallToolResult) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, c := range res.Content {
		if c, ok := c.(*mcp.TextContent); ok {
			text += c.Text
		}
	}
	return text, res
}

// useTools uses the hub through an MCP client: one instance, web, is active.
func useTools(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	names := toolNames(t, session)
	for _, want := range []string{"instances_list", "instances_connect", "instances_disconnect", "hub_scripts_list", "hub_scripts_run",
		"hub_scripts_stop", "hub_scripts_status", "hub_logs_stream", "hub_logs_search"} {
		if !slices.Contains(names, want) {
			t.Errorf("no tool %s in %q", want, names)
		}
	}
	_, res := callTool(t, session, "instances_list", nil)
	data, _ := json.Marshal(res.StructuredContent)
	var list struct{ Instances []api.Instance }
	if err := json.Unmarshal(data, &list); err != nil || len(list.Instances) != 1 || list.Instances[0].State != api.Active {
		t.Fatalf("instances_list: %s, %v", data, err)
	}
	if text, res := callTool(t, session, "hub_scripts_list", map[string]any{"instance_id": list.Instances[0].ID}); res.IsError || !strings.Contains(text, "running") {
		t.Errorf("hub_scripts_list: %s", text)
	}
	if text, res := callTool(t, session, "hub_scripts_list", nil); !res.IsError || !strings.Contains(text, "instance_id") {
		t.Errorf("without instance_id: %s", text)
	}
	if text, res := callTool(t, session, "hub_scripts_list", map[string]any{"instance_id": "nobody"}); !res.IsError || !strings.Contains(text, "unknown_instance") {
		t.Errorf("of nobody: %s", text)
	}
	if text, res := callTool(t, session, "instances_disconnect", map[string]any{"instance_id": "web"}); res.IsError || !strings.Contains(text, "stopped") {
		t.Errorf("instances_disconnect: %s", text)
	}
	if text, res := callTool(t, session, "instances_connect", map[string]any{"instance_id": "web"}); res.IsError || !strings.Contains(text, "active") {
		t.Errorf("instances_connect: %s", text)
	}
}

func TestMCPOverStdio(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	session, changed := w.bridge(t, "--no-start")
	useTools(t, session)

	// The tools go with the last instance that has them, and the client is told.
	for len(changed) > 0 {
		<-changed
	}
	callTool(t, session, "instances_disconnect", map[string]any{"instance_id": "web"})
	awaitChange(t, changed)
	wait(t, "end of the instance's tools", func() bool { return !slices.Contains(toolNames(t, session), "hub_scripts_list") })
	callTool(t, session, "instances_connect", map[string]any{"instance_id": "web"})
	awaitChange(t, changed)
	wait(t, "the instance's tools", func() bool { return slices.Contains(toolNames(t, session), "hub_scripts_list") })
}

func awaitChange(t *testing.T, changed chan struct{}) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(soon):
		t.Fatal("no tools/list_changed")
	}
}

// logCursor follows a log as an AI tool does.
type logCursor struct {
	cursor string
	last   uint64
}

func (l *logCursor) read(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	args := map[string]any{"instance_id": "web", "follow": true, "limit": 1000}
	if l.cursor != "" {
		args["cursor"] = l.cursor
	}
	text, res := callTool(t, session, "hub_logs_stream", args)
	if res.IsError {
		t.Fatal(text)
	}
	data, _ := json.Marshal(res.StructuredContent)
	var page struct {
		Lines  []struct{ Seq uint64 }
		Cursor string
		Gap    uint64
	}
	if err := json.Unmarshal(data, &page); err != nil || page.Gap != 0 || page.Cursor == "" {
		t.Fatalf("%s, %v", data, err)
	}
	for _, line := range page.Lines {
		if l.last != 0 && line.Seq != l.last+1 {
			t.Fatalf("line %d after line %d", line.Seq, l.last)
		}
		l.last = line.Seq
	}
	l.cursor = page.Cursor
}

func TestH7_StdioBridgeSurvivesTheHub(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	instance := w.startInstance(t, "web")
	w.active(t, 1)
	session, changed := w.bridge(t, "--no-start")
	var logs logCursor
	logs.read(t, session)

	for range 2 {
		// A call that is under way when the hub is killed: it waits for a line that never comes.
		underWay := make(chan string, 1)
		go func() {
			res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "hub_logs_stream",
				Arguments: map[string]any{"instance_id": "web", "follow": true, "level": "error"}})
			if err != nil {
				underWay <- err.Error()
				return
			}
			text, _ := json.Marshal(res)
			underWay <- string(text)
		}()
		awaitCall(t, w)
		hub.kill()
		select {
		case text := <-underWay:
			if !strings.Contains(text, "outcome_unknown") {
				t.Errorf("the call that was under way: %s", text)
			}
		case <-time.After(soon):
			t.Fatal("the call that was under way hangs")
		}
		// One made while there is no hub waits for the next.
		waiting := make(chan error, 1)
		go func() {
			res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "hub_scripts_list", Arguments: map[string]any{"instance_id": "web"}})
			if err == nil && res.IsError {
				err = fmt.Errorf("%v", res.Content[0])
			}
			waiting <- err
		}()
		hub = w.startHub(t)
		select {
		case err := <-waiting:
			if err != nil {
				t.Errorf("the call that waited: %v", err)
			}
		case <-time.After(soon):
			t.Fatal("the call that waited hangs")
		}
		before := logs.last
		for logs.last < before+20 {
			logs.read(t, session)
		}
	}
	// The list of tools is that of the new hub from now on.
	for len(changed) > 0 {
		<-changed
	}
	interrupt(instance.cmd.Process)
	<-instance.done
	awaitChange(t, changed)
	wait(t, "end of the instance's tools", func() bool { return !slices.Contains(toolNames(t, session), "hub_scripts_list") })
}

// awaitCall waits until the hub's unacknowledged messages have settled: the call that was
// made before has reached the instance.
func awaitCall(t *testing.T, w *world) {
	t.Helper()
	wait(t, "call", func() bool {
		s, err := w.client.Status(t.Context())
		return err == nil && len(s.Instances) == 1 && s.Instances[0].UnackedMessages > 0
	})
}

func TestMCPStartsAHub(t *testing.T) {
	w := newWorld(t)
	w.startInstance(t, "web")
	wait(t, "the instance's file", func() bool {
		files, _ := filepath.Glob(filepath.Join(w.discovery(), "*.json"))
		return len(files) == 1
	})
	killHub := func() {
		if s, err := w.client.Status(context.Background()); err == nil {
			if p, err := os.FindProcess(s.Hub.PID); err == nil {
				p.Kill()
			}
			wait(t, "end of the hub", func() bool { return !w.client.Reachable(context.Background()) })
		}
	}
	t.Cleanup(killHub)

	// Two at once: the hub's lock settles it.
	sessions := make(chan *mcp.ClientSession, 2)
	for range 2 {
		go func() {
			s, _ := w.bridge(t)
			sessions <- s
		}()
	}
	var first *mcp.ClientSession
	for range 2 {
		s := <-sessions
		// The very first list has the tools of the instance that was there before.
		if names := toolNames(t, s); !slices.Contains(names, "hub_scripts_list") {
			t.Errorf("tools at first: %q", names)
		}
		if text, res := callTool(t, s, "hub_scripts_list", map[string]any{"instance_id": "web"}); res.IsError {
			t.Error(text)
		}
		first = s
	}
	// Nobody restarts this one: the bridge does.
	s, err := w.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	killHub()
	if text, res := callTool(t, first, "hub_scripts_list", map[string]any{"instance_id": "web"}); res.IsError {
		t.Error(text)
	}
	after, err := w.client.Status(t.Context())
	if err != nil || after.Hub.PID == s.Hub.PID {
		t.Errorf("%+v, %v: the hub was process %d", after, err, s.Hub.PID)
	}
	// It outlives the bridges.
	first.Close()
	if again, err := w.client.Status(t.Context()); err != nil || again.Hub.PID != after.Hub.PID {
		t.Errorf("%+v, %v: the hub was process %d", again, err, after.Hub.PID)
	}
}
