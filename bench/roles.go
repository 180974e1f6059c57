package main

import (
	"context"
	"flag"
	"net"
)

// Flags of processes that this program starts.
var (
	serveFlag       = flag.String("serve", "", "be the server of this peer (used by the program itself)")
	holdFlag        = flag.String("hold", "", "be the client of this peer that keeps connections (used by the program itself)")
	atFlag          = flag.String("at", "", "with -hold and some roles of -serve: the server's address")
	connectionsFlag = flag.Int("connections", 0, "with -hold: how many")
)

// roles are what a process can serve beside peers.
func roles() map[string]role {
	return map[string]role{
		recoveringName: func(ctx context.Context, l net.Listener) error {
			return recoveringCentrifuge{}.serve(ctx, l, newService)
		},
		wideName:    func(ctx context.Context, l net.Listener) error { return newWidePeer().serve(ctx, l, newService) },
		streamsName: func(ctx context.Context, l net.Listener) error { return newStreamsPeer().serve(ctx, l, newService) },
		"long-path": func(ctx context.Context, l net.Listener) error {
			return longPath{*atFlag, pathRate, pathRTT / 2}.serve(ctx, l)
		},
		"durable":   func(ctx context.Context, l net.Listener) error { return serveDurable(ctx, l, lazily) },
		committing:  func(ctx context.Context, l net.Listener) error { return serveDurable(ctx, l, 0) },
		"jetstream": serveJetStream,
		"mcp-coder": serveMCPCoder,
		"mcp-brum":  serveMCPBrum,
		"mcp-http":  serveMCPHTTP,
	}
}
