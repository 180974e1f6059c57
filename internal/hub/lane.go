package hub

import (
	"context"
	"errors"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/mcpsession"
)

// lane is one MCP connection of a session: the main one, or one on a stream of its own.
type lane struct {
	mcp    *mcp.ClientSession
	sinks  *sinks
	ear    *ear
	stream uint64 // that it is on
}

// connect shakes hands on transport.
func connect(ctx context.Context, mc *mcp.Client, transport mcp.Transport, stream uint64, over way) (*lane, error) {
	l := &lane{sinks: new(sinks), ear: newEar(), stream: stream}
	var err error
	l.mcp, err = mc.Connect(ctx, &tap{transport, l.sinks, l.ear, stream, over.leaves()}, &mcp.ClientSessionOptions{ProtocolVersion: mcpVersion})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// errNoStreams: over HTTP each call has a connection of its own anyway.
var errNoStreams = errors.New("no streams over HTTP")

// logLane is the name of the stream that carries logs.
const logLane = "logs"

// isBulky tells the tools whose answers should not stand in the way of others.
func isBulky(tool string) bool { return strings.HasPrefix(tool, "logs_") }

// openLogLane makes the lane for logs. An instance that does not answer on streams does not
// get one, and everything goes over the main lane.
func openLogLane(ctx context.Context, mc *mcp.Client, sess way) (*lane, error) {
	over, ok := sess.(sessionWay)
	if !ok {
		return nil, errNoStreams
	}
	stream, err := over.OpenStream(ctx, logLane)
	if err != nil {
		return nil, err
	}
	l, err := connect(ctx, mc, mcpsession.New(mcpsession.OnStream(over.Session, stream)), stream.ID(), over)
	if err != nil {
		stream.Reset(ctx)
		return nil, err
	}
	return l, nil
}

// laneFor is the lane that a call of tool takes.
func (c *client) laneFor(tool string) *lane {
	if l := c.logs.Load(); l != nil && isBulky(tool) {
		return l
	}
	return c.main
}
