package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// effects is an instance whose script has an effect that can be counted.
type effects struct {
	file  string
	tool  string // the script's name
	proxy *faultproxy.Proxy
	*program
}

// startEffects starts it; its script runs once at first.
func (w *world) startEffects(t *testing.T) *effects {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e := &effects{file: filepath.Join(w.dir, "effects"), tool: strings.TrimSuffix(filepath.Base(self), ".exe")}
	e.program, e.proxy = w.startBehind(t, "web", effectVariable+"="+e.file)
	wait(t, "the first effect", func() bool { return e.count() == 1 })
	return e
}

func (e *effects) count() int {
	data, _ := os.ReadFile(e.file)
	return strings.Count(string(data), "\n")
}

func (e *effects) request() api.CallRequest {
	return api.CallRequest{Instance: "web", Tool: "scripts_run", Arguments: json.RawMessage(fmt.Sprintf(`{"name":%q}`, e.tool)), ID: string(callid.New())}
}

// idle waits until nothing runs: the script can be run again, and no effect is to come.
func (w *world) idle(t *testing.T) {
	t.Helper()
	wait(t, "the end of the script", func() bool {
		out, _, code := w.run(t, "", "call", "web", "scripts_status", "--json")
		return code == 0 && !strings.Contains(out, `"state":"running"`)
	})
}

// recorded waits until the ledger has a call, and that is what ok wants.
func (w *world) recorded(t *testing.T, id, what string, ok func(api.CallRecord) bool) api.CallRecord {
	t.Helper()
	var found api.CallRecord
	wait(t, what, func() bool {
		calls, err := w.client.Calls(t.Context(), api.CallsQuery{Limit: api.MaxCalls})
		if err != nil {
			return false
		}
		for _, c := range calls.Calls {
			if c.ID == id {
				found = c
				return ok(c)
			}
		}
		return false
	})
	return found
}

func (w *world) settled(t *testing.T, id string) string {
	t.Helper()
	return w.recorded(t, id, "an outcome", func(c api.CallRecord) bool { return c.Outcome != "pending" }).Outcome
}

// caller makes a call in the background, through a bridge or as the command line does.
type caller struct {
	t      *testing.T
	result chan string // the text, or code of the error
}

func (w *world) call(t *testing.T, req api.CallRequest) *caller {
	c := &caller{t, make(chan string, 1)}
	go func() {
		_, err := w.client.Call(context.Background(), req, nil)
		if err != nil {
			c.result <- string(api.CodeOf(err))
			return
		}
		c.result <- "done"
	}()
	return c
}

func bridgeCall(t *testing.T, session *mcp.ClientSession, tool string, args map[string]any) *caller {
	c := &caller{t, make(chan string, 1)}
	go func() {
		res, err := session.CallTool(context.Background(), &mcp.CallToolParams{Name: tool, Arguments: args})
		switch {
		case err != nil:
			c.result <- err.Error()
		case res.IsError:
			c.result <- fmt.Sprint(res.Meta["brum/code"], " ", res.Content[0].(*mcp.TextContent).Text)
		default:
			c.result <- "done"
		}
	}()
	return c
}

func (c *caller) end() string {
	c.t.Helper()
	select {
	case r := <-c.result:
		return r
	case <-time.After(soon):
		c.t.Fatal("the call does not end")
		panic("unreachable")
	}
}

// The hub is killed after the call was run and before its outcome came: the next hub says
// that it is done, to the ledger and to whoever asks again, and it has run once.
func TestF4_HubKilledBeforeTheOutcomeCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hub := w.startHub(t)
	e := w.startEffects(t)
	w.active(t, 1)
	w.idle(t)
	session, _ := w.bridge(t, "--no-start")

	e.proxy.Drop(faultproxy.ToClient)
	req := e.request()
	shell := w.call(t, req)
	wait(t, "the effect", func() bool { return e.count() == 2 })
	hub.kill()
	if got := shell.end(); got != string(api.CodeOutcomeUnknown) {
		t.Errorf("the command line was told %s", got)
	}
	e.proxy.Heal()
	hub = w.startHub(t)
	if got := w.settled(t, req.ID); got != "done" {
		t.Errorf("the ledger says %s", got)
	}
	// Asked again by id it is not run again, but gives its result.
	res, err := w.client.Call(t.Context(), req, nil)
	if err != nil || res.IsError {
		t.Errorf("again: %v, %v", res, err)
	}
	w.idle(t)
	if n := e.count(); n != 2 {
		t.Fatalf("%d effects, want 2", n)
	}

	// The bridge gets the result although its hub was killed.
	e.proxy.Drop(faultproxy.ToClient)
	bridged := bridgeCall(t, session, "hub_scripts_run", map[string]any{"instance_id": "web", "name": e.tool})
	wait(t, "the effect", func() bool { return e.count() == 3 })
	hub.kill()
	e.proxy.Heal()
	w.startHub(t)
	if got := bridged.end(); got != "done" {
		t.Errorf("the bridge told: %s", got)
	}
	w.idle(t)
	if n := e.count(); n != 3 {
		t.Errorf("%d effects, want 3", n)
	}
}

// The hub is killed when the call is in its ledger and has not reached the instance: it was
// not run and never is.
func TestF4_HubKilledBetweenLedgerAndInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hub := w.startHub(t)
	e := w.startEffects(t)
	w.active(t, 1)
	w.idle(t)
	session, _ := w.bridge(t, "--no-start")

	e.proxy.Drop(faultproxy.ToTarget)
	req := e.request()
	shell := w.call(t, req)
	bridged := bridgeCall(t, session, "hub_scripts_run", map[string]any{"instance_id": "web", "name": e.tool})
	wait(t, "both calls in the ledger", func() bool {
		calls, err := w.client.Calls(t.Context(), api.CallsQuery{})
		return err == nil && calls.Ledger.Pending == 2
	})
	// They are listed before they are on disk, and sent when they are.
	w.until(t, "both calls in the session", func(s *api.Status) bool {
		return len(s.Instances) == 1 && s.Instances[0].UnackedMessages >= 2
	})
	hub.kill()
	if got := shell.end(); got != string(api.CodeOutcomeUnknown) {
		t.Errorf("the command line was told %s", got)
	}
	e.proxy.Heal()
	w.startHub(t)
	if got := w.settled(t, req.ID); got != "not_run" {
		t.Errorf("the ledger says %s", got)
	}
	if got := bridged.end(); !strings.HasPrefix(got, string(api.CodeNotRun)) {
		t.Errorf("the bridge told: %s", got)
	}
	if _, err := w.client.Call(t.Context(), req, nil); api.CodeOf(err) != api.CodeNotRun {
		t.Errorf("again: %v", err)
	}
	w.idle(t)
	if n := e.count(); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

// With another life of the instance nobody knows, and that is what is said.
func TestF4_UnknownWhenTheInstanceIsGoneToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hub := w.startHub(t)
	e := w.startEffects(t)
	w.active(t, 1)
	w.idle(t)
	session, _ := w.bridge(t, "--no-start")
	e.proxy.Drop(faultproxy.ToClient)
	req := e.request()
	w.call(t, req)
	wait(t, "the effect", func() bool { return e.count() == 2 })
	bridged := bridgeCall(t, session, "hub_scripts_stop", map[string]any{"instance_id": "web", "processId": e.tool})
	wait(t, "both calls in the ledger", func() bool {
		calls, err := w.client.Calls(t.Context(), api.CallsQuery{})
		return err == nil && calls.Ledger.Pending == 2
	})
	hub.kill()
	e.kill()
	w.startHub(t)
	if got := w.settled(t, req.ID); got != "unknown" {
		t.Errorf("the ledger says %s", got)
	}
	if got := bridged.end(); !strings.HasPrefix(got, string(api.CodeOutcomeUnknown)) {
		t.Errorf("the bridge told: %s", got)
	}
}

func TestCallsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub(t)
	e := w.startEffects(t)
	w.active(t, 1)
	w.idle(t)
	req := e.request()
	if _, err := w.client.Call(t.Context(), req, nil); err != nil {
		t.Fatal(err)
	}
	w.settled(t, req.ID)
	out, _, code := w.run(t, "", "calls", "web", "--limit", "5")
	if code != 0 || !strings.Contains(out, req.ID[:8]) || !strings.Contains(out, "scripts_run") || !strings.Contains(out, "done") {
		t.Errorf("%d: %s", code, out)
	}
	out, _, _ = w.run(t, "", "calls", "--json")
	var calls api.Calls
	if err := json.Unmarshal([]byte(out), &calls); err != nil || len(calls.Calls) != 1 {
		t.Fatalf("%v: %s (reads are not recorded)", err, out)
	}
	if c := calls.Calls[0]; c.ID != req.ID || c.Outcome != "done" || c.Name != "web" || len(c.Arguments) != 32 || strings.Contains(out, e.tool) {
		t.Errorf("%s", out)
	}
	if _, errs, code := w.run(t, "", "calls", "wbe"); code != 4 || !strings.Contains(errs, "did you mean") {
		t.Errorf("calls of nobody: %d, %s", code, errs)
	}
	// The same id for something else is a mistake, and runs nothing.
	elsewhere := req
	elsewhere.Instance = "nobody"
	if _, err := w.client.Call(t.Context(), elsewhere, nil); api.CodeOf(err) != api.CodeInvalid {
		t.Errorf("the id of a call elsewhere: %v", err)
	}
	req.Tool = "scripts_stop"
	if _, err := w.client.Call(t.Context(), req, nil); api.CodeOf(err) != api.CodeInvalid {
		t.Errorf("the id of another call: %v", err)
	}
}

func TestLedgerPolicies(t *testing.T) {
	t.Parallel()
	broken := func(t *testing.T) (*world, *effects) {
		w := newWorld(t)
		if err := os.WriteFile(filepath.Join(w.state(), "ledger"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return w, w.startEffects(t)
	}
	t.Run("best-effort", func(t *testing.T) {
		w, e := broken(t)
		w.startHub(t)
		w.active(t, 1)
		w.idle(t)
		out, _, _ := w.run(t, "", "status")
		if !strings.Contains(out, "NOT RECORDED") {
			t.Errorf("status: %s", out)
		}
		if _, err := w.client.Call(t.Context(), e.request(), nil); err != nil {
			t.Error(err)
		}
		wait(t, "the effect", func() bool { return e.count() == 2 })
		if _, errs, code := w.run(t, "", "logs", "web", "--as", "me"); code != 9 || !strings.Contains(errs, "ledger has failed") {
			t.Errorf("a reader without a ledger: %d, %s", code, errs)
		}
	})
	t.Run("require", func(t *testing.T) {
		w, _ := broken(t)
		out, errs, code := w.run(t, "", append([]string{"serve", "--ledger", "require"}, w.serveArgs()[2:]...)...)
		if code != 1 || !strings.Contains(errs, "is not a directory") {
			t.Errorf("%d: %s%s", code, out, errs)
		}
	})
	t.Run("off", func(t *testing.T) {
		w, e := broken(t)
		w.startHub(t, "--ledger", "off")
		w.active(t, 1)
		w.idle(t)
		req := e.request()
		for range 2 { // the instance knows the id all the same
			if _, err := w.client.Call(t.Context(), req, nil); err != nil {
				t.Error(err)
			}
		}
		w.idle(t)
		if n := e.count(); n != 2 {
			t.Errorf("%d effects, want 2", n)
		}
		if out, _, _ := w.run(t, "", "calls"); !strings.Contains(out, "--ledger off") {
			t.Errorf("calls: %s", out)
		}
	})
}
