package mcpsession_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
)

// ends are the two ends of a session and, after connect, what the SDK makes of them.
type ends struct {
	t              *testing.T
	client, server mcpsession.Session

	dialing *session.Session  // nil without a network
	proxy   *faultproxy.Proxy // likewise

	mcpServer *mcp.Server
	handled   atomic.Int32 // calls of the tool "count"
	working   chan string  // says what the tool "work" is at
	release   chan struct{}
}

// carriers are what each test of the SDK runs over.
var carriers = map[string]func(*testing.T) *ends{"memory": memoryEnds, "network": realEnds, "stream": streamEnds}

// versions of MCP that are spoken: with a handshake, and without.
var versions = []string{"2025-11-25", "2026-07-28"}

// overAll runs a test over each carrier and with each version.
func overAll(t *testing.T, test func(t *testing.T, e *ends, version string)) {
	for name, carrier := range carriers {
		for _, version := range versions {
			t.Run(name+"/"+version, func(t *testing.T) { test(t, carrier(t), version) })
		}
	}
}

type countArgs struct {
	N      int
	Filler string
}

type countResult struct {
	N      int
	Filler string
}

// connect joins an SDK server with some tools and an SDK client.
func (e *ends) connect(version string, o *mcp.ClientOptions) *mcp.ClientSession {
	t := e.t
	t.Helper()
	e.working, e.release = make(chan string, 10), make(chan struct{})
	e.mcpServer = mcp.NewServer(&mcp.Implementation{Name: "server", Version: "1"}, mcpsession.ServerOptions(nil))
	mcp.AddTool(e.mcpServer, &mcp.Tool{Name: "count"}, func(ctx context.Context, r *mcp.CallToolRequest, in countArgs) (*mcp.CallToolResult, countResult, error) {
		e.handled.Add(1)
		return nil, countResult{N: in.N, Filler: strings.Repeat("x", in.N%1000)}, nil
	})
	mcp.AddTool(e.mcpServer, &mcp.Tool{Name: "fill"}, func(ctx context.Context, r *mcp.CallToolRequest, in countArgs) (*mcp.CallToolResult, countResult, error) {
		return nil, countResult{Filler: strings.Repeat("x", in.N)}, nil
	})
	mcp.AddTool(e.mcpServer, &mcp.Tool{Name: "work"}, func(ctx context.Context, r *mcp.CallToolRequest, in countArgs) (*mcp.CallToolResult, countResult, error) {
		for i := range in.N {
			if err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: r.Params.GetProgressToken(), Progress: float64(i + 1), Total: float64(in.N),
			}); err != nil {
				return nil, countResult{}, err
			}
		}
		e.working <- "begun"
		select {
		case <-e.release:
			return nil, countResult{N: in.N}, nil
		case <-ctx.Done():
			e.working <- "canceled"
			return nil, countResult{}, ctx.Err()
		}
	})
	ss, err := e.mcpServer.Connect(t.Context(), mcpsession.New(e.server), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, mcpsession.ClientOptions(o))
	cs, err := client.Connect(t.Context(), mcpsession.New(e.client), &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.client.CloseNow()
		e.server.CloseNow()
		cs.Close()
		ss.Close()
	})
	return cs
}

// call calls a tool and checks that the answer is the one to n.
func call(ctx context.Context, cs *mcp.ClientSession, tool string, n int) error {
	p := &mcp.CallToolParams{Name: tool, Arguments: countArgs{N: n}}
	p.SetProgressToken(fmt.Sprint("token of ", n))
	r, err := cs.CallTool(ctx, p)
	if err != nil {
		return err
	}
	if r.IsError {
		return fmt.Errorf("tool error: %+v", r.Content[0])
	}
	if got := r.StructuredContent.(map[string]any)["N"]; got != float64(n) {
		return fmt.Errorf("the answer to %d came for %v", n, got)
	}
	return nil
}

// eventually waits until something that no channel tells has happened.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
