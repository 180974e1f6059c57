package hub

import (
	"context"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/session"
)

// pollTools lies between two looks at the tools of an instance that can't tell of changes.
const pollTools = 30 * time.Second

// outdated says that the list of tools is to be fetched again.
func (c *client) outdated() {
	select {
	case c.stale <- struct{}{}:
	default:
	}
}

// poll has the tools of an instance that is reached over HTTP looked at again and again, and
// after each outage.
func (c *client) poll(ctx context.Context) {
	timer := time.NewTicker(pollTools)
	defer timer.Stop()
	c.waiting.Go(func() {
		for ch := range c.session.Watch(ctx) {
			if ch.From == session.Retrying && ch.To == session.Active {
				c.outdated()
			}
		}
	})
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		c.outdated()
	}
}

// survives reports whether the connection goes on after the tools could not be listed: over
// HTTP a request may fail, and checks decide about the instance.
func (c *client) survives(err error) bool {
	return c.overHTTP() && !errors.Is(err, mcp.ErrConnectionClosed)
}
