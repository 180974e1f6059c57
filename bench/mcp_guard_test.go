package main

import (
	"context"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// What a tools/call over brum costs in proportion to one over bare coder/websocket, at most, both
// sides together. A call is the SDK's work for the most part: so little more than what is measured
// is a change for the worse.
const (
	mcpGuardCPU    = 1.5  // measured: 0.87
	mcpGuardAllocs = 0.95 // measured: 0.88
	mcpGuardBytes  = 0.8  // measured: 0.69
)

const mcpGuardCalls = 300

func TestMCPCallsStayInProportion(t *testing.T) {
	if cpuTime() == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("no CPU time here")
		}
		t.Skip("no CPU time here")
	}
	clients := map[string]*mcp.ClientSession{
		baseline: connectHere(t, serveMCPCoder, connectMCPCoder),
		ours:     connectHere(t, serveMCPBrum, connectMCPBrum),
	}
	var cpu, allocs, bytes figure
	for _, f := range []*figure{&cpu, &allocs, &bytes} {
		f.Cells = map[string][]float64{}
	}
	for range guardRounds {
		for name, cs := range clients {
			runtime.GC() // nobody pays for another's garbage
			makeCalls(t, cs, mcpGuardCalls/3)
			before := measure(false)
			makeCalls(t, cs, mcpGuardCalls)
			after := measure(false)
			cpu.put(name, micros(after.CPU-before.CPU)/mcpGuardCalls)
			allocs.put(name, float64(after.Mallocs-before.Mallocs)/mcpGuardCalls)
			bytes.put(name, float64(after.Allocated-before.Allocated)/mcpGuardCalls)
		}
	}
	for _, g := range []struct {
		what string
		f    *figure
		most float64
	}{{"CPU time", &cpu, mcpGuardCPU}, {"allocations", &allocs, mcpGuardAllocs}, {"bytes allocated", &bytes, mcpGuardBytes}} {
		ratio := g.f.ratio(ours, baseline)
		t.Logf("%s × %.2f, %.1f a call", g.what, ratio, g.f.value(ours))
		if ratio > g.most {
			t.Errorf("a call takes %.2f times the %s of one over coder/websocket, %.2f at most", ratio, g.what, g.most)
		}
	}
}

func makeCalls(t *testing.T, cs *mcp.ClientSession, n int) {
	t.Helper()
	for range n {
		if err := callTool(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
	}
}

// connectHere serves in this process and connects to that.
func connectHere(t *testing.T, serve role, connect func(ctx context.Context, addr, version string) (*mcp.ClientSession, error)) *mcp.ClientSession {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	cs, err := connect(ctx, l.Addr().String(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cs.Close() })
	return cs
}
