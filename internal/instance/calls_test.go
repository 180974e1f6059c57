package instance

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/mcpsession"
)

// named makes a call that carries an id.
func (c *client) named(ctx context.Context, m callid.Meta, tool string, args any) (*mcp.CallToolResult, error) {
	params := &mcp.CallToolParams{Name: tool, Arguments: args, Meta: mcp.Meta{}}
	m.Put(params.Meta)
	return c.CallTool(ctx, params)
}

func (c *client) outcome(id callid.ID, wait bool) callid.State {
	c.Helper()
	var out callid.Outcome
	c.call(callid.OutcomeTool, args{"callId": id, "wait": wait}, &out)
	return out.State
}

// stubbornInstance runs a process that takes long to stop, so that scripts_stop is a long call.
func stubbornInstance(t *testing.T, grace time.Duration) (*running, string) {
	if runtime.GOOS == "windows" {
		grace = 0 // nothing is stubborn there
	}
	r := start(t, Config{Command: []string{os.Args[0], "stubborn"}, StopGrace: grace})
	process := r.in.tools.Processes.List()[0].ID
	page, err := r.in.logs.Read(t.Context(), logstore.Query{Process: process, Wait: time.Minute})
	if err != nil || len(page.Lines) == 0 { // it says its pid when it is stubborn
		t.Fatalf("%+v, %v", page, err)
	}
	return r, process
}

// A call goes on when its connection ends, and whoever comes next gets its result; the end
// of the connection is not the caller's wish.
func TestF4_CallOutlivesItsSession(t *testing.T) {
	r, process := stubbornInstance(t, time.Second)
	url := r.SessionURL
	sess := r.dial(url, []byte(r.Token))
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "hub"}, nil).Connect(t.Context(), mcpsession.New(sess), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := &client{t, cs}
	m := callid.Meta{ID: callid.New(), Age: -1}
	lost := make(chan error, 1)
	go func() {
		_, err := first.named(context.Background(), m, "scripts_stop", args{"processId": process})
		lost <- err
	}()
	second := r.hub(url)
	for second.outcome(m.ID, false) == callid.NotRun {
		time.Sleep(time.Millisecond)
	}
	sess.CloseNow()
	if err := <-lost; err == nil {
		t.Log("the call had ended before its session")
	}
	m.Join, m.Age = true, 0
	res, err := second.named(t.Context(), m, "scripts_stop", nil)
	if err != nil || res.IsError {
		t.Fatalf("%v, %v", res, err)
	}
	var info ProcessInfo
	if remarshal(t, res.StructuredContent, &info); info.ProcessID != process {
		t.Errorf("%+v", info)
	}
	if got := second.outcome(m.ID, true); got != callid.Done {
		t.Errorf("the outcome is %s", got)
	}
}

// What the caller withdraws over MCP ends, as without an id.
func TestF1_CancelEndsANamedCall(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is stubborn there")
	}
	r, process := stubbornInstance(t, time.Minute)
	c := r.hub(r.SessionURL)
	ctx, cancel := context.WithCancel(t.Context())
	m := callid.Meta{ID: callid.New(), Age: -1}
	ended := make(chan error, 1)
	go func() {
		_, err := c.named(ctx, m, "scripts_stop", args{"processId": process})
		ended <- err
	}()
	for c.outcome(m.ID, false) == callid.NotRun {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the call succeeded")
	}
	if got := c.outcome(m.ID, true); got != callid.Cancelled {
		t.Errorf("the outcome is %s", got)
	}
	r.in.Kill()
}

// Over the tools: tombstones, deadlines and what makes no sense.
func TestNamedCallsOverMCP(t *testing.T) {
	c := connect(t, newTools(t, &Project{Dir: t.TempDir()}).Server())
	withdrawn := callid.Meta{ID: callid.New(), Age: -1}
	var out callid.Outcome
	c.call(callid.CancelTool, args{"callId": withdrawn.ID}, &out)
	if out.State != callid.NotRun {
		t.Errorf("%+v", out)
	}
	late := callid.Meta{ID: callid.New(), Deadline: time.Now().Add(-time.Second), Age: -1}
	for _, m := range []callid.Meta{withdrawn, late, {ID: "nonsense"}} {
		if _, err := c.named(t.Context(), m, "scripts_list", nil); err == nil {
			t.Errorf("%+v was run", m)
		}
	}
	c.fails(callid.OutcomeTool, args{"callId": "nonsense"}, "hex digits")
	c.fails(callid.CancelTool, args{"callId": ""}, "hex digits")
	if got := c.outcome(late.ID, true); got != callid.Expired {
		t.Errorf("the outcome is %s", got)
	}
}
