package hub

import (
	"context"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
)

// lane is one MCP connection of a session: the main one, or one on a stream of its own.
type lane struct {
	mcp    *mcp.ClientSession
	sinks  *sinks
	ear    *ear
	stream uint64 // that it is on
}

// connect shakes hands on transport.
func connect(ctx context.Context, mc *mcp.Client, transport mcp.Transport, stream uint64) (*lane, error) {
	l := &lane{sinks: new(sinks), ear: newEar(), stream: stream}
	var err error
	l.mcp, err = mc.Connect(ctx, &tap{transport, l.sinks, l.ear, stream}, &mcp.ClientSessionOptions{ProtocolVersion: mcpVersion})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// logLane is the name of the stream that carries logs.
const logLane = "logs"

// isBulky tells the tools whose answers should not stand in the way of others.
func isBulky(tool string) bool { return strings.HasPrefix(tool, "logs_") }

// openLogLane makes the lane for logs. An instance that does not answer on streams does not
// get one, and everything goes over the main lane.
func openLogLane(ctx context.Context, mc *mcp.Client, sess *session.Session) (*lane, error) {
	stream, err := sess.OpenStream(ctx, logLane)
	if err != nil {
		return nil, err
	}
	l, err := connect(ctx, mc, mcpsession.New(mcpsession.OnStream(sess, stream)), stream.ID())
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
