package hub

import (
	"context"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
)

// A connection that has died silently under a call over HTTP looks like a call that takes long.
const (
	// askEvery is how often the instance is asked, over other connections, whether a call goes on.
	askEvery = 10 * time.Second
	// lateAnswer is how long the answer of a call that has ended may take to arrive.
	lateAnswer = 2 * time.Second
	// A read that nobody can be asked about takes no longer than this; one of logs waits up to
	// 20 s for lines.
	readLimit    = 15 * time.Second
	logReadLimit = 40 * time.Second
)

var errDeadConnection = errors.New("the connection has died silently: no answer came")

// attended runs a tool over HTTP and fails when it is certain that its answer will not come.
func (c *client) attended(ctx context.Context, l *lane, params *mcp.CallToolParams, m callid.Meta) (*mcp.CallToolResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	attending := make(chan struct{})
	go func() {
		defer close(attending)
		if c.answerIsLost(ctx, params.Name, m) {
			cancel(errDeadConnection)
		}
	}()
	res, err := l.mcp.CallTool(ctx, params)
	switch {
	case err != nil && context.Cause(ctx) == errDeadConnection:
		err = errDeadConnection
	case errors.Is(err, mcp.ErrConnectionClosed):
		c.outdated() // a look at the tools finds out whether calls can be made at all
	}
	cancel(nil)
	<-attending
	return res, err
}

// answerIsLost waits until that is certain, or ctx is done.
func (c *client) answerIsLost(ctx context.Context, tool string, m callid.Meta) bool {
	switch {
	case m.ID == "" && isBulky(tool):
		return passes(ctx, logReadLimit)
	case m.ID == "":
		return passes(ctx, readLimit)
	}
	began := time.Now()
	for passes(ctx, askEvery) {
		if !c.tellsOutcomes() {
			continue
		}
		out, err := c.ask(ctx, callid.OutcomeTool, callid.Query{CallID: string(m.ID), AgeMS: max(1, time.Since(began).Milliseconds())}, m.ID)
		if err == nil && out.State != callid.Running {
			return passes(ctx, lateAnswer)
		}
	}
	return false
}

// passes waits, and reports false if ctx was done before.
func passes(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
