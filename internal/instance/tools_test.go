package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum/internal/instance/calls"
	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/internal/process"
)

// client calls tools and checks what every answer must have.
type client struct {
	*testing.T
	*mcp.ClientSession
}

func newTools(t *testing.T, p *Project) *Tools {
	logs := logstore.New(8 << 20)
	m := process.New(process.Config{Logs: logs, Grace: 500 * time.Millisecond})
	t.Cleanup(m.Close)
	return &Tools{Project: p, Processes: m, Logs: logs, Calls: calls.New(calls.DefaultLimits), Version: "test"}
}

func connect(t *testing.T, s *mcp.Server) *client {
	st, ct := mcp.NewInMemoryTransports()
	ss, err := s.Connect(t.Context(), st, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ss.Wait() })
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), ct, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cs.Close() })
	return &client{t, cs}
}

func (c *client) raw(ctx context.Context, tool string, args any) (*mcp.CallToolResult, error) {
	return c.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
}

// call calls a tool that must succeed and decodes its structured content.
func (c *client) call(tool string, args map[string]any, out any) {
	c.Helper()
	r, err := c.raw(c.Context(), tool, args)
	if err != nil {
		c.Fatalf("%s %v: %v", tool, args, err)
	}
	text := r.Content[0].(*mcp.TextContent).Text
	if r.IsError || text == "" {
		c.Fatalf("%s %v: error %q", tool, args, text)
	}
	reflect.ValueOf(out).Elem().SetZero()
	remarshal(c.T, r.StructuredContent, out)
}

// fails calls a tool that must fail, with a text that holds all of wants.
func (c *client) fails(tool string, args map[string]any, wants ...string) {
	c.Helper()
	r, err := c.raw(c.Context(), tool, args)
	if err != nil {
		c.Fatalf("%s %v: %v", tool, args, err)
	}
	text := r.Content[0].(*mcp.TextContent).Text
	if !r.IsError {
		c.Fatalf("%s %v did not fail: %s", tool, args, text)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			c.Errorf("%s %v: %q lacks %q", tool, args, text, want)
		}
	}
}

type args = map[string]any

// follow reads on by cursor until a line has text, and returns all lines.
func (c *client) follow(processID, text string) []LogLine {
	c.Helper()
	var all []LogLine
	var page LogsStreamOutput
	c.call("logs_stream", args{"processId": processID, "limit": logstore.MaxLimit}, &page)
	for deadline := time.Now().Add(30 * time.Second); ; {
		for _, l := range page.Lines {
			all = append(all, l)
			if strings.Contains(l.Text, text) {
				return all
			}
		}
		if time.Now().After(deadline) || page.Ended {
			c.Fatalf("%s never printed %q: %v", processID, text, all)
		}
		next := args{"processId": processID, "limit": logstore.MaxLimit, "follow": true, "cursor": page.Cursor}
		c.call("logs_stream", next, &page)
	}
}

func TestToolNamesAndParameters(t *testing.T) {
	c := connect(t, newTools(t, &Project{Dir: t.TempDir()}).Server())
	list, err := c.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, tool := range list.Tools {
		var in, out struct {
			Properties map[string]any
			Required   []string
		}
		remarshal(t, tool.InputSchema, &in)
		remarshal(t, tool.OutputSchema, &out)
		var params []string
		for _, p := range slices.Sorted(maps.Keys(in.Properties)) {
			if !slices.Contains(in.Required, p) {
				p += "?"
			}
			params = append(params, p)
		}
		got[tool.Name] = strings.Join(params, " ")
		if len(out.Properties) == 0 || tool.Description == "" {
			t.Errorf("%s has no output schema or no description", tool.Name)
		}
	}
	want := map[string]string{
		"scripts_list": "", "scripts_run": "name", "scripts_stop": "processId", "scripts_status": "name?",
		"logs_stream":   "cursor? follow? level? limit? processId?",
		"logs_search":   "level? limit? processId? query regex? since?",
		"calls_outcome": "ageMs? callId settle? wait?", "calls_cancel": "callId",
	}
	if !maps.Equal(got, want) {
		t.Fatalf("%v", got)
	}
}

func remarshal(t *testing.T, from, to any) {
	t.Helper()
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestToolsOnACommand(t *testing.T) {
	p := &Project{Dir: t.TempDir(), Command: []string{os.Args[0], "count", "3000"}}
	name := p.CommandName()
	id := name + "-1"
	c := connect(t, newTools(t, p).Server())

	c.fails("scripts_run", args{"name": "dev"}, "no such script", name)
	c.fails("scripts_stop", args{"processId": id}, "no such process", "nothing has been run")
	var st ProcessInfo
	c.call("scripts_run", args{"name": name}, &st)
	if st.ProcessID != id || st.State != "running" || st.PID == 0 || st.StartedAt.IsZero() {
		t.Fatalf("%+v", st)
	}
	c.fails("scripts_run", args{"name": name}, "running already", id)

	lines := c.follow(id, "that was all")
	for i, l := range lines[:3000] {
		if l.Seq != uint64(i+1) || l.Text != fmt.Sprintf("line %d", i+1) || l.ProcessID != id || l.Process != name ||
			l.Stream != "stdout" || l.Level != "info" || l.Time.IsZero() {
			t.Fatalf("line %d: %+v", i, l)
		}
	}
	if last := lines[3000]; last.Level != "error" || last.Text != "\x1b[31mERROR\x1b[0m that was all \uFFFD" {
		t.Fatalf("%+v", last)
	}

	var page LogsStreamOutput
	c.call("logs_stream", args{"level": "error"}, &page)
	if len(page.Lines) != 1 || page.More || page.Gap != 0 {
		t.Fatalf("%+v", page)
	}
	var found LogsSearchOutput
	c.call("logs_search", args{"query": "LINE 1000"}, &found)
	if len(found.Lines) != 1 || found.Lines[0].Seq != 1000 {
		t.Fatalf("%+v", found)
	}
	c.call("logs_search", args{"query": `^line \d+7$`, "regex": true, "limit": 2, "since": "10m", "processId": id}, &found)
	if len(found.Lines) != 2 || found.Lines[1].Seq != 2997 || !found.More {
		t.Fatalf("%+v", found)
	}
	var list ScriptsListOutput
	c.call("scripts_list", args{}, &list)
	if len(list.Scripts) != 1 || list.Scripts[0].ProcessID != id || list.Scripts[0].State != "running" {
		t.Fatalf("%+v", list)
	}

	c.call("scripts_stop", args{"processId": id}, &st)
	if st.State != "stopped" || st.PID != 0 {
		t.Fatalf("%+v", st)
	}
	c.call("scripts_run", args{"name": name}, &st)
	if st.ProcessID != name+"-2" {
		t.Fatalf("%+v", st)
	}
	c.call("scripts_stop", args{"processId": name}, &st) // by name
	if st.ProcessID != name+"-2" || st.State != "stopped" {
		t.Fatalf("%+v", st)
	}
	var all ScriptsStatusOutput
	c.call("scripts_status", args{"name": name}, &all)
	if len(all.Processes) != 2 || all.Processes[1].EndedAt.IsZero() {
		t.Fatalf("%+v", all)
	}
	c.call("scripts_status", args{"name": "else"}, &all)
	if len(all.Processes) != 0 {
		t.Fatalf("%+v", all)
	}
}

func TestToolsRefuseNonsense(t *testing.T) {
	c := connect(t, newTools(t, &Project{Dir: t.TempDir()}).Server())
	c.fails("logs_stream", args{"processId": "x"}, "no such process", `"x"`)
	c.fails("logs_stream", args{"level": "loud"}, "loud", "warn")
	c.fails("logs_stream", args{"cursor": "nonsense"}, "cursor")
	c.fails("logs_search", args{"query": "(", "regex": true}, "missing closing )")
	c.fails("logs_search", args{"query": strings.Repeat("x", maxQuery+1)}, "4096")
	c.fails("logs_search", args{"query": "x", "since": "yesterday"}, "yesterday", "10m")
	c.fails("logs_search", args{"query": "x", "processId": "y"}, "no such process")
	var found LogsSearchOutput
	c.call("logs_search", args{"query": "("}, &found)
}

// Whoever reads the text alone, as models do, has to learn of lines that he did not get.
func TestTextTellsOfGaps(t *testing.T) {
	for want, o := range map[string]LogsStreamOutput{
		"(3 lines were dropped unread)":                                          {Gap: 3},
		"(3 lines or more were dropped unread)":                                  {Gap: 3, GapUnknown: true},
		"(lines may be missing here)":                                            {GapUnknown: true},
		"(the instance was restarted since that cursor; earlier lines are lost)": {GapUnknown: true, Restart: true},
	} {
		o.Cursor = "c"
		if got := o.text(); got != want+"\ncursor: c" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestCursorOfAnEarlierInstance: a hub that follows learns that it missed lines
// and goes on with what the new instance has.
func TestCursorOfAnEarlierInstance(t *testing.T) {
	var cursor string
	for restarted := range 2 {
		tools := newTools(t, &Project{Dir: t.TempDir()})
		w := tools.Logs.Open("dev", "dev-1").Writer(logstore.Stdout)
		fmt.Fprint(w, "one\ntwo\n")
		var page LogsStreamOutput
		connect(t, tools.Server()).call("logs_stream", args{"cursor": cursor, "processId": "dev"}, &page)
		if wasTold := page.Restart && page.GapUnknown; wasTold != (restarted == 1) || len(page.Lines) != 2 {
			t.Fatalf("%+v", page)
		}
		cursor = page.Cursor
	}
}

// watchCalls reports when a tool call begins, and its context's error at its end.
func watchCalls(s *mcp.Server) (began chan struct{}, ended chan error) {
	began, ended = make(chan struct{}, 1), make(chan error, 1)
	s.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if method != "tools/call" {
				return next(ctx, method, req)
			}
			began <- struct{}{}
			r, err := next(ctx, method, req)
			ended <- ctx.Err()
			return r, err
		}
	})
	return began, ended
}

// cancelFollow cancels a follow: it has to return at once, and its handler's
// context has to be done.
func (c *client) cancelFollow(began chan struct{}, ended chan error) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	var at time.Time
	go func() {
		<-began
		at = time.Now()
		cancel()
	}()
	_, err := c.raw(ctx, "logs_stream", args{"follow": true})
	if !errors.Is(err, context.Canceled) {
		c.Fatal(err)
	}
	if took := time.Since(at); took > 2*time.Second { // 100 ms, on a quiet machine
		c.Errorf("the caller returned after %v", took)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			c.Errorf("the handler's context: %v", err)
		}
	case <-time.After(10 * time.Second):
		c.Error("the handler goes on")
	}
}

func TestF1_CancelEndsTheHandler(t *testing.T) {
	s := newTools(t, &Project{Dir: t.TempDir()}).Server()
	began, ended := watchCalls(s)
	connect(t, s).cancelFollow(began, ended)
}

func TestShutdownEndsWaitingCalls(t *testing.T) {
	tools := newTools(t, &Project{Dir: t.TempDir()})
	done := make(chan struct{})
	tools.Done = done
	c := connect(t, tools.Server())
	time.AfterFunc(10*time.Millisecond, func() { close(done) })
	start := time.Now()
	c.fails("logs_stream", args{"follow": true}, "")
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("took %v", took)
	}
}
