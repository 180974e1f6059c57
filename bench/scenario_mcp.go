package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var mcpScenario = scenario{
	name: "mcp",
	about: "tools/call of a tool that answers with the text it was given, with the same SDK on both sides of " +
		"each transport, one call at a time and 16, in the version of MCP that client and server agree on. " +
		"Over HTTP this is " + mcpOlder + ", since a server that knows sessions speaks no later one; " +
		"over the others it is the latest, whose calls and answers say more about who they are from. " +
		"Therefore also all in " + mcpOlder + ". CPU time is that of both sides.",
	run: runMCP,
}

// mcpOlder is the latest version of MCP that all transports speak.
const mcpOlder = "2025-11-25"

func mcpFigure(callers int) string { return fmt.Sprintf("MCP tools/call, %d at a time", callers) }

// mcpOlderFigure is the same, one at a time, of the version that all speak.
const mcpOlderFigure = "MCP " + mcpOlder + " tools/call, 1 at a time"

// mcpLoad is what is measured of each transport.
type mcpLoad struct {
	figure  string
	version string // "": what is agreed on
	callers int
}

var mcpLoads = []mcpLoad{
	{mcpFigure(1), "", 1},
	{mcpFigure(16), "", 16},
	{mcpOlderFigure, mcpOlder, 1},
}

// mcpTransports are what calls are carried over, by the contender's name.
var mcpTransports = []struct {
	name, role string // role: of the server's process; "" if there is none or it is the transport's own
	inProcess  bool
	connect    func(ctx context.Context, addr, version string) (*mcp.ClientSession, error)
}{
	{baseline, "mcp-coder", false, connectMCPCoder},
	{ours, "mcp-brum", false, connectMCPBrum},
	{"http", "mcp-http", false, connectMCPHTTP},
	{"stdio", "", false, connectMCPStdio},
	{"in-memory", "", true, connectMCPMemory},
}

func runMCP(b *bench) error {
	servers := make([]*server, len(mcpTransports)) // nil where there is none
	for i, t := range mcpTransports {
		if t.role != "" {
			s, err := startRole(t.role)
			if err != nil {
				return err
			}
			defer s.stop()
			servers[i] = s
		}
	}
	for _, l := range mcpLoads {
		if err := b.measureMCP(l, servers); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureMCP(l mcpLoad, servers []*server) error {
	clients, err := connectAll(servers, l.version)
	defer func() {
		for _, c := range clients {
			c.Close()
		}
	}()
	if err != nil {
		return err
	}
	f := b.report.add("mcp", l.figure, "calls/s", higher)
	cpu := b.report.add("mcp", l.figure+": CPU", "µs a call", lower)
	return b.interleave(f.Name, b.rounds, len(clients), func(i int) error {
		t := mcpTransports[i]
		if _, err := callTools(clients[i], l.callers, b.each/10); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		before, err := bothSides(servers[i])
		if err != nil {
			return err
		}
		did, err := callTools(clients[i], l.callers, b.each)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		after, err := bothSides(servers[i])
		f.put(t.name, did.rate())
		if after > before && (servers[i] != nil || t.inProcess) {
			cpu.put(t.name, micros(after-before)/float64(did.count))
		}
		return err
	})
}

func connectAll(servers []*server, version string) (clients []*mcp.ClientSession, err error) {
	for i, t := range mcpTransports {
		addr := ""
		if servers[i] != nil {
			addr = servers[i].addr
		}
		c, err := t.connect(context.Background(), addr, version)
		if err != nil {
			return clients, fmt.Errorf("%s: %w", t.name, err)
		}
		clients = append(clients, c)
	}
	return clients, nil
}

// bothSides is the CPU time that this process and a server have used.
func bothSides(s *server) (time.Duration, error) {
	own := cpuTime()
	if s == nil {
		return own, nil
	}
	u, err := s.usage(false)
	return own + u.CPU, err
}

const mcpText = "what a tool might be asked, in about as many words as that takes"

// mcpCalls are what callTools has done.
type mcpCalls struct {
	count int64
	took  time.Duration
}

func (c mcpCalls) rate() float64 { return float64(c.count) / c.took.Seconds() }

// callTools makes calls for a while.
func callTools(cs *mcp.ClientSession, callers int, lasts time.Duration) (mcpCalls, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lasts+patience)
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
	return mcpCalls{count.Load(), time.Since(began)}, errors.Join(errs...)
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
