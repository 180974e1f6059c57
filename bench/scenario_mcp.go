package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var mcpScenario = scenario{
	name: "mcp",
	about: "tools/call of a tool that answers with the text it was given, with the same SDK on both sides of " +
		"each transport, one call at a time and 16.",
	run: runMCP,
}

func mcpFigure(callers int) string { return fmt.Sprintf("MCP tools/call, %d at a time", callers) }

// mcpTransports are what calls are carried over, by the contender's name.
var mcpTransports = []struct {
	name, role string // role: of the server's process; "" if there is none or it is the transport's own
	connect    func(ctx context.Context, addr string) (*mcp.ClientSession, error)
}{
	{baseline, "mcp-coder", connectMCPCoder},
	{ours, "mcp-brum", connectMCPBrum},
	{"http", "mcp-http", connectMCPHTTP},
	{"stdio", "", connectMCPStdio},
	{"in-memory", "", connectMCPMemory},
}

func runMCP(b *bench) error {
	ctx := context.Background()
	clients := make([]*mcp.ClientSession, len(mcpTransports))
	for i, t := range mcpTransports {
		addr := ""
		if t.role != "" {
			s, err := startRole(t.role)
			if err != nil {
				return err
			}
			defer s.stop()
			addr = s.addr
		}
		var err error
		if clients[i], err = t.connect(ctx, addr); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		defer clients[i].Close()
	}
	for _, callers := range []int{1, 16} {
		f := b.report.add("mcp", mcpFigure(callers), "calls/s", higher)
		err := b.interleave(f.Name, b.rounds, len(clients), func(i int) error {
			if _, err := callTools(ctx, clients[i], callers, b.each/10); err != nil {
				return fmt.Errorf("%s: %w", mcpTransports[i].name, err)
			}
			rate, err := callTools(ctx, clients[i], callers, b.each)
			f.put(mcpTransports[i].name, rate)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const mcpText = "what a tool might be asked, in about as many words as that takes"

// callTools returns how many calls a second were answered.
func callTools(ctx context.Context, cs *mcp.ClientSession, callers int, lasts time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, lasts+patience)
	defer cancel()
	var count atomic.Int64
	errs := make([]error, callers)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range callers {
		wg.Go(func() {
			for time.Since(began) < lasts && errs[i] == nil {
				errs[i] = callTool(ctx, cs)
				count.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return float64(count.Load()) / took.Seconds(), nil
}

func callTool(ctx context.Context, cs *mcp.ClientSession) error {
	r, err := cs.CallTool(ctx, &mcp.CallToolParams{Name: mcpTool, Arguments: map[string]any{"text": mcpText}})
	if err != nil {
		return err
	}
	if text, ok := r.Content[0].(*mcp.TextContent); !ok || text.Text != mcpText {
		return fmt.Errorf("the answer is %+v", r.Content)
	}
	return nil
}
