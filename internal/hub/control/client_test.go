package control

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// The client and the handler are the backend again.
func TestRoundTrips(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	status := &api.Status{
		Hub:       api.HubStatus{PID: 7, StartedAt: at, HTTP: "http://x"},
		Instances: []api.Instance{{ID: "a", Name: "ä\n\"", State: api.Retrying, ConnectedSince: &at, LastResume: &api.Resume{Trigger: "wake", At: at}}},
	}
	history := &api.History{ID: "a", Dropped: 3, Changes: []api.Change{{At: at, From: api.Active, To: api.Suspect, Error: "x"}}}
	catalog := &api.Catalog{Tools: []api.Tool{{Tool: &mcp.Tool{Name: "t", InputSchema: map[string]any{"type": "object"}}, Instances: []string{"a"}}}}
	b := &scripted{
		status: func(context.Context) (*api.Status, error) { return status, nil },
		tools:  func(context.Context) (*api.Catalog, error) { return catalog, nil },
		history: func(_ context.Context, i string) (*api.History, error) {
			if i != "a/b c&d?" {
				t.Errorf("history of %q", i)
			}
			return history, nil
		},
		connect: func(_ context.Context, i string) (*api.Instance, error) { return &api.Instance{ID: i}, nil },
		disconnect: func(_ context.Context, i string) (*api.Instance, error) {
			return nil, &api.Error{Code: api.CodeAmbiguous, Message: "which", Candidates: []string{"x", "y"}}
		},
		call: func(_ context.Context, r api.CallRequest, p func(api.Progress)) (*mcp.CallToolResult, error) {
			for n := range 3 {
				p(api.Progress{Progress: float64(n), Message: "m"})
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: r.Instance + r.Tool + string(r.Arguments)}}, StructuredContent: map[string]any{"k": "v"}, IsError: true}, nil
		},
	}
	path := socketPath(t)
	serveAt(t, path, b)
	c := NewClient(path)
	ctx := t.Context()

	got, err := c.Status(ctx)
	check(t, "status", got, status, err)
	gotHistory, err := c.History(ctx, "a/b c&d?")
	check(t, "history", gotHistory, history, err)
	gotTools, err := c.Tools(ctx)
	check(t, "tools", gotTools, catalog, err)
	gotInstance, err := c.Connect(ctx, "z")
	check(t, "connect", gotInstance, &api.Instance{ID: "z"}, err)

	_, err = c.Disconnect(ctx, "z")
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.CodeAmbiguous || len(e.Candidates) != 2 || e.Error() != "which: x, y" {
		t.Errorf("disconnect: %v", err)
	}
	var progress []float64
	res, err := c.Call(ctx, api.CallRequest{Instance: "i", Tool: "t", Arguments: json.RawMessage(`{"a":1}`)}, func(p api.Progress) { progress = append(progress, p.Progress) })
	check(t, "call", res, &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: `it{"a":1}`}}, StructuredContent: map[string]any{"k": "v"}, IsError: true}, err)
	if diff := cmp.Diff([]float64{0, 1, 2}, progress); diff != "" {
		t.Error(diff)
	}
}

func check[T any](t *testing.T, what string, got, want T, err error) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if err != nil || string(a) != string(b) {
		t.Errorf("%s: %s, %v; want %s", what, a, err, b)
	}
}

func TestErrorAfterProgress(t *testing.T) {
	path := socketPath(t)
	serveAt(t, path, &scripted{call: func(_ context.Context, _ api.CallRequest, p func(api.Progress)) (*mcp.CallToolResult, error) {
		p(api.Progress{Progress: 1})
		return nil, &api.Error{Code: api.CodeRefused, Message: "no"}
	}})
	n := 0
	_, err := NewClient(path).Call(t.Context(), api.CallRequest{}, func(api.Progress) { n++ })
	if n != 1 || api.CodeOf(err) != api.CodeRefused {
		t.Errorf("%d reports, %v", n, err)
	}
}

func TestF1_HangingUpCancelsTheCall(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	path := socketPath(t)
	serveAt(t, path, &scripted{call: func(ctx context.Context, _ api.CallRequest, _ func(api.Progress)) (*mcp.CallToolResult, error) {
		close(began)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() {
		_, err := NewClient(path).Call(ctx, api.CallRequest{Arguments: json.RawMessage(`{"x":"` + strings.Repeat("y", 1<<20) + `"}`)}, nil)
		returned <- err
	}()
	await(t, "call", began)
	cancel()
	if err := await(t, "return", returned); api.CodeOf(err) != api.CodeCanceled {
		t.Errorf("returned %v", err)
	}
	await(t, "end of the handler", ended)
}

func TestHubAbsentAndBack(t *testing.T) {
	path := socketPath(t)
	c := NewClient(path)
	if _, err := c.Status(t.Context()); api.CodeOf(err) != api.CodeNoHub || c.Reachable(t.Context()) {
		t.Errorf("without a hub: %v", err)
	}
	if _, err := c.Call(t.Context(), api.CallRequest{}, nil); api.CodeOf(err) != api.CodeNoHub {
		t.Errorf("without a hub: %v", err)
	}
	b := &scripted{status: func(context.Context) (*api.Status, error) { return &api.Status{}, nil }}
	for range 3 {
		stop := serveAt(t, path, b)
		if _, err := c.Status(t.Context()); err != nil || !c.Reachable(t.Context()) {
			t.Errorf("with a hub: %v", err)
		}
		stop()
		if _, err := c.Status(t.Context()); api.CodeOf(err) != api.CodeNoHub {
			t.Errorf("after the hub: %v", err)
		}
	}
}

func TestHubGoneDuringACall(t *testing.T) {
	for name, withProgress := range map[string]bool{"before any answer": false, "amid progress": true} {
		t.Run(name, func(t *testing.T) {
			began := make(chan struct{})
			path := socketPath(t)
			stop := serveAt(t, path, &scripted{call: func(ctx context.Context, _ api.CallRequest, p func(api.Progress)) (*mcp.CallToolResult, error) {
				if withProgress {
					p(api.Progress{})
				}
				close(began)
				<-ctx.Done()
				return nil, ctx.Err()
			}})
			result := make(chan error, 1)
			go func() {
				_, err := NewClient(path).Call(t.Context(), api.CallRequest{}, nil)
				result <- err
			}()
			await(t, "call", began)
			stop()
			if err := await(t, "result", result); api.CodeOf(err) != api.CodeOutcomeUnknown {
				t.Error(err)
			}
		})
	}
}

// A hub that says that it is shutting down has executed nothing.
func TestShuttingDownIsNoUnknownOutcome(t *testing.T) {
	path := socketPath(t)
	serveAt(t, path, &scripted{call: func(context.Context, api.CallRequest, func(api.Progress)) (*mcp.CallToolResult, error) {
		return nil, &api.Error{Code: api.CodeShuttingDown, Message: "bye"}
	}})
	if _, err := NewClient(path).Call(t.Context(), api.CallRequest{}, nil); api.CodeOf(err) != api.CodeShuttingDown {
		t.Error(err)
	}
}

// What a hub that lives has answered is no reason to wait for the next one.
func TestAnswersThatMakeNoSense(t *testing.T) {
	for answer, want := range map[string]api.Code{
		"<html>":                api.CodeInternal,
		`{"instances":7}`:       api.CodeInternal,
		strings.Repeat(" ", 99): api.CodeTooLarge,
		`{"instances":[`:        api.CodeShuttingDown, // it broke off
		"":                      api.CodeShuttingDown,
		`{"instances":[]}`:      "",
	} {
		if err := readAnswer(strings.NewReader(answer), 50, new(api.Status)); api.CodeOf(err) != want {
			t.Errorf("%q: %v, want %q", answer, err, want)
		}
	}
}

func TestEvents(t *testing.T) {
	more := make(chan api.Revisions)
	path := socketPath(t)
	stop := serveAt(t, path, &scripted{events: func(ctx context.Context) iter.Seq2[api.Revisions, error] {
		return func(yield func(api.Revisions, error) bool) {
			for {
				select {
				case r := <-more:
					if !yield(r, nil) {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}
	}})
	got, ended := make(chan api.Revisions), make(chan error, 1)
	go func() {
		for r, err := range NewClient(path).Events(context.Background()) {
			if err != nil {
				ended <- err
				continue
			}
			got <- r
		}
	}()
	for n := range uint64(3) {
		more <- api.Revisions{Status: n, Tools: 2 * n}
		if r := await(t, "event", got); r.Status != n || r.Tools != 2*n {
			t.Errorf("%d: %+v", n, r)
		}
	}
	stop()
	if err := await(t, "end", ended); api.CodeOf(err) != api.CodeShuttingDown {
		t.Error(err)
	}
}
