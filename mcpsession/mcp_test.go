package mcpsession_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/mcpsession"
)

func TestConcurrentCallsGetTheirOwnAnswers(t *testing.T) {
	overAll(t, func(t *testing.T, e *ends, version string) {
		cs := e.connect(version, nil)
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() {
				if err := call(t.Context(), cs, "count", n); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := e.handled.Load(); n != 100 {
			t.Errorf("%d calls were handled", n)
		}
	})
}

func TestProgressAndCancellation(t *testing.T) {
	overAll(t, func(t *testing.T, e *ends, version string) {
		progress := make(chan float64, 10)
		cs := e.connect(version, &mcp.ClientOptions{
			ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
				progress <- r.Params.Progress
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- call(ctx, cs, "work", 3) }()
		if got := <-e.working; got != "begun" {
			t.Fatal(got)
		}
		sum := <-progress + <-progress + <-progress // the SDK may run handlers at the same time
		if sum != 6 {
			t.Errorf("progress adds up to %v", sum)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller got %v", err)
		}
		if got := <-e.working; got != "canceled" {
			t.Errorf("the handler was %s", got)
		}
		if err := call(t.Context(), cs, "count", 7); err != nil {
			t.Errorf("the next call: %v", err)
		}
	})
}

func TestListChangedAndPing(t *testing.T) {
	overAll(t, func(t *testing.T, e *ends, version string) {
		changed := make(chan struct{}, 10)
		cs := e.connect(version, &mcp.ClientOptions{
			ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { changed <- struct{}{} },
		})
		if err := cs.Ping(t.Context(), nil); err != nil {
			t.Errorf("ping: %v", err)
		}
		if _, err := cs.ListTools(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		e.mcpServer.AddTool(&mcp.Tool{Name: "new", InputSchema: map[string]any{"type": "object"}}, nil)
		<-changed
		list, err := cs.ListTools(t.Context(), nil)
		if err != nil || len(list.Tools) != 4 {
			t.Errorf("%d tools, %v", len(list.Tools), err)
		}
	})
}

// What the session can't carry fails alone, and does not take the connection along.
func TestOversizedMessagesFailAlone(t *testing.T) {
	e := realEnds(t)
	cs := e.connect(versions[0], nil)
	_, err := cs.CallTool(t.Context(), &mcp.CallToolParams{
		Name: "count", Arguments: countArgs{Filler: strings.Repeat("x", 100_000)},
	})
	if err == nil {
		t.Error("an oversized call succeeded")
	}
	if err := call(t.Context(), cs, "fill", 100_000); err == nil || !strings.Contains(err.Error(), "more than the session carries") {
		t.Errorf("an oversized answer: %v", err)
	}
	if err := call(t.Context(), cs, "count", 1); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func TestClosingOneSideClosesTheOther(t *testing.T) {
	overAll(t, func(t *testing.T, e *ends, version string) {
		cs := e.connect(version, nil)
		ended := make(chan error, 1)
		for ss := range e.mcpServer.Sessions() {
			go func() { ended <- ss.Wait() }()
		}
		if err := cs.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the server's session ended with %v", err)
		}
		if err := call(t.Context(), cs, "count", 1); err == nil {
			t.Error("a call after Close succeeded")
		}
	})
}

func TestSessionID(t *testing.T) {
	a, _ := memoryPair()
	c, err := mcpsession.New(a).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := c.SessionID(); got != a.id.String() || len(got) != 32 {
		t.Errorf("session id %q", got)
	}
	c.Close()
}
