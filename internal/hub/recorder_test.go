package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/ledger"
)

// testLedger is a real one with a gate before each issue.
type testLedger struct {
	*ledger.Ledger
	issuing chan ledger.Call // gets each call that is to be issued
	gate    chan error       // gives what becomes of it; nil goes on
}

func (l *testLedger) Issue(ctx context.Context, c ledger.Call) error {
	l.issuing <- c
	if err := <-l.gate; err != nil {
		return err
	}
	return l.Ledger.Issue(ctx, c)
}

func openLedger(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// verdict waits until the only call in the ledger has an outcome.
func verdict(t *testing.T, l *ledger.Ledger) ledger.Call {
	t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		calls := l.Recent(func(*ledger.Call) bool { return true }, 10)
		if len(calls) == 1 && calls[0].Verdict != ledger.Pending {
			return calls[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("no outcome: %+v", calls)
		}
	}
}

func TestF4_CallsAreWrittenDownBeforeTheyLeave(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	l := &testLedger{openLedger(t), make(chan ledger.Call), make(chan error)}
	h := startHub(t, func(c *Config) { c.Ledger, c.LedgerKey = l, []byte("key") })
	h.source.sees(a.found)
	done := make(chan error, 1)
	secret := json.RawMessage(`{"password":"hunter2"}`)
	var issued api.Issued
	go func() {
		_, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "echo", Arguments: secret, OnIssued: func(i api.Issued) {
			if a.echoed.Load() != 0 {
				t.Error("it was sent before its caller was told")
			}
			issued = i
		}}, nil)
		done <- err
	}()
	c := await(t, "issue", l.issuing)
	if n := a.echoed.Load(); n != 0 {
		t.Fatal("it was sent before it was written down")
	}
	if c.Instance != "a-1" || c.Life != "1" || c.Tool != "echo" || c.Name != "web" || len(c.Digest) != 32 || strings.Contains(c.Digest, "hunter2") {
		t.Errorf("%+v", c)
	}
	l.gate <- nil
	if err := await(t, "end", done); err != nil {
		t.Fatal(err)
	}
	if issued.Recording != api.Recorded || issued.Instance != "a-1" || issued.Life != "1" {
		t.Errorf("%+v", issued)
	}
	if c := verdict(t, l.Ledger); c.Verdict != ledger.Done {
		t.Errorf("%+v", c)
	}
}

func TestLedgerThatFails(t *testing.T) {
	for policy, want := range map[LedgerPolicy]api.Code{LedgerBestEffort: "", LedgerRequire: api.CodeNotRecorded} {
		t.Run(string(policy), func(t *testing.T) {
			a := newTestInstance(t, "a-1", "web")
			l := &testLedger{openLedger(t), make(chan ledger.Call, 10), make(chan error, 10)}
			var log lockedLog
			h := startHub(t, func(c *Config) {
				c.Ledger, c.LedgerPolicy = l, policy
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
			l.gate <- errors.New("no space left on device")
			for n := range 3 {
				_, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "echo"}, nil)
				if api.CodeOf(err) != want || (err == nil) != (want == "") {
					t.Errorf("call %d: %v", n, err)
				}
			}
			ran := int64(3)
			if want != "" {
				ran = 0
			}
			if n := a.echoed.Load(); n != ran {
				t.Errorf("echo ran %d times, want %d", n, ran)
			}
			s, err := h.Status(t.Context())
			if err != nil || s.Hub.Ledger.State != api.LedgerFailed || !strings.Contains(s.Hub.Ledger.Error, "no space") || s.Hub.Ledger.Policy != string(policy) {
				t.Errorf("%+v, %v", s.Hub, err)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 || len(l.issuing) != 1 {
				t.Errorf("%d errors in the log, asked %d times: want 1\n%s", n, len(l.issuing), log.String())
			}
		})
	}
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// remembering makes an instance tell outcomes: out is what it says, and joins of block give
// its result.
func (i *testInstance) remembering(out func(callid.Query) callid.State) {
	answer := func(_ context.Context, r *mcp.CallToolRequest, q callid.Query) (*mcp.CallToolResult, callid.Outcome, error) {
		return nil, callid.Outcome{CallID: q.CallID, State: out(q)}, nil
	}
	mcp.AddTool(i.mcp, &mcp.Tool{Name: callid.OutcomeTool}, answer)
	mcp.AddTool(i.mcp, &mcp.Tool{Name: callid.CancelTool}, func(ctx context.Context, r *mcp.CallToolRequest, q callid.Cancel) (*mcp.CallToolResult, callid.Outcome, error) {
		return answer(ctx, r, callid.Query{CallID: q.CallID})
	})
	i.mcp.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if call, ok := req.(*mcp.CallToolRequest); ok {
				if m, _, _ := callid.FromMeta(call.Params.Meta); m.Join {
					return textResult("joined " + string(m.ID)), nil
				}
			}
			return next(ctx, method, req)
		}
	})
}

// The session ends during a call, and instance and hub live on: the outcome is asked for.
func TestF4_LostSessionIsNotALostOutcome(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	a.remembering(func(callid.Query) callid.State { return callid.Done })
	l := openLedger(t)
	h := startHub(t, func(c *Config) { c.Ledger = l })
	h.source.sees(a.found)
	id := string(callid.New())
	type end struct {
		text string
		err  error
	}
	ended := make(chan end, 2)
	call := func() {
		res, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "block", ID: id}, nil)
		if err != nil {
			ended <- end{"", err}
			return
		}
		ended <- end{textOf(t, res), nil}
	}
	go call()
	await(t, "call", a.blocking)
	go call() // the same once more: it waits for the first
	s := await(t, "session", a.sessions)
	s.CloseNow()
	for range 2 {
		if e := await(t, "end of the call", ended); e.err != nil || e.text != "joined "+id {
			t.Errorf("%q, %v", e.text, e.err)
		}
	}
	if c := verdict(t, l); c.Verdict != ledger.Done || string(c.ID) != id {
		t.Errorf("%+v", c)
	}
	if len(a.blocking) != 0 {
		t.Error("it ran twice")
	}
	close(a.release)
}

// Of a call that its caller gave up the ledger has the truth in the end.
func TestGivenUpCallIsSettled(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	var asked []bool // settle, of each question
	a.remembering(func(q callid.Query) callid.State {
		asked = append(asked, q.Settle)
		if len(asked) < 3 {
			return callid.Running
		}
		return callid.Cancelled
	})
	l := openLedger(t)
	h := startHub(t, func(c *Config) { c.Ledger = l })
	h.source.sees(a.found)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := h.Call(ctx, api.CallRequest{Instance: "web", Tool: "block"}, nil)
		ended <- err
	}()
	await(t, "call", a.blocking)
	cancel()
	if err := await(t, "end of the call", ended); api.CodeOf(err) != api.CodeCanceled {
		t.Errorf("%v", err)
	}
	if c := verdict(t, l); c.Verdict != ledger.Cancelled {
		t.Errorf("%+v", c)
	}
	if len(asked) != 3 || asked[0] || !asked[1] || !asked[2] {
		t.Errorf("asked %v: want to be cancelled first, and then asked", asked)
	}
}

// What an earlier hub left is settled with the instance's word, if it is the same life of it.
func TestF4_OrphansAreSettled(t *testing.T) {
	for name, c := range map[string]struct {
		life string
		here bool
		says callid.State
		want ledger.Verdict
	}{
		"done":         {"1", true, callid.Done, ledger.Done},
		"failed":       {"1", true, callid.Failed, ledger.Failed},
		"not run":      {"1", true, callid.NotRun, ledger.NotRun},
		"expired":      {"1", true, callid.Expired, ledger.Expired},
		"forgotten":    {"1", true, callid.Forgotten, ledger.Unknown},
		"other life":   {"0", true, callid.Done, ledger.Unknown},
		"gone":         {"1", false, callid.Done, ledger.Unknown},
		"unknown word": {"1", true, "perhaps", ledger.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			a := newTestInstance(t, "a-1", "web")
			a.remembering(func(q callid.Query) callid.State {
				if !q.Settle || !q.Wait || q.AgeMS < time.Hour.Milliseconds() {
					t.Errorf("asked with %+v", q)
				}
				return c.says
			})
			l := openLedger(t)
			err := l.Issue(t.Context(), ledger.Call{ID: callid.New(), Instance: "a-1", Life: c.life, Tool: "echo", Issued: time.Now().Add(-time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			h := startHub(t, func(c *Config) { c.Ledger = l })
			if c.here {
				h.source.sees(a.found)
			} else {
				h.source.sees()
			}
			if got := verdict(t, l); got.Verdict != c.want {
				t.Errorf("%s, want %s", got.Verdict, c.want)
			}
			if n := a.echoed.Load(); n != 0 {
				t.Errorf("it was run %d times", n)
			}
		})
	}
}

func TestExpiredCallsAreRefused(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	l := openLedger(t)
	h := startHub(t, func(c *Config) { c.Ledger = l })
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	_, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "echo", Deadline: time.Now().Add(-time.Second)}, nil)
	if api.CodeOf(err) != api.CodeTimeout || a.echoed.Load() != 0 {
		t.Errorf("%v, %d runs", err, a.echoed.Load())
	}
	_, err = h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "block", Deadline: time.Now().Add(50 * time.Millisecond)}, nil)
	if api.CodeOf(err) != api.CodeTimeout {
		t.Errorf("%v", err)
	}
	if all, _ := l.Counts(); all != 1 {
		t.Errorf("%d calls in the ledger, want 1: the first was not issued", all)
	}
	if c := verdict(t, l); c.Deadline.IsZero() {
		t.Errorf("%+v", c)
	}
}
