package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/ledger"
)

// join learns the outcome of the call, which was issued and has lost its answer. It never
// runs it.
func (c *calling) join(ctx context.Context) (*mcp.CallToolResult, error) {
	for range maxTries {
		via, err := c.hub.ready(ctx, c.link)
		if err != nil {
			return nil, c.notJoined(ctx, err)
		}
		if via.life != c.issued.Life || !via.tellsOutcomes() {
			c.settle(ledger.Unknown)
			c.lost = errRestarted
			return nil, c.unknown()
		}
		c.via = via
		m := c.meta()
		m.Join, m.Age = true, max(0, time.Since(c.issued.At))
		res, _, err := via.call(ctx, c.req, m, c.to)
		if err == nil {
			c.settle(verdictOf(res))
			return res, nil
		}
		if ctx.Err() != nil {
			return nil, c.givenUp(ctx, true)
		}
		if refusal, ok := refusalIn(err); ok {
			return nil, c.refused(via, refusal)
		}
		via.sessionEnd()
		c.lost = err
	}
	c.settleLater(leave)
	return nil, c.unknown()
}

// notJoined is the error when the instance can't be asked now.
func (c *calling) notJoined(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return c.givenUp(ctx, true)
	}
	c.lost = err
	c.settleLater(leave)
	return c.unknown()
}

// outcomeOf tells what became of a call that was made before under the request's id.
func (h *Hub) outcomeOf(ctx context.Context, req api.CallRequest, known ledger.Call, to func(api.Progress)) (*mcp.CallToolResult, error) {
	if !h.books.same(&req, &known) {
		return nil, otherCall(known.ID, known.Tool, known.Instance)
	}
	if err := verdictError(&known); err != nil {
		return nil, err
	}
	res, err := h.askAgain(ctx, req, known, to)
	// What has ended is known, also if its instance is gone with the result.
	if api.CodeOf(err) == api.CodeOutcomeUnknown && known.Verdict != ledger.Pending {
		return nil, &api.Error{Code: api.CodeResultLost, Err: err, Message: fmt.Sprintf(
			"%s (call %s) has ended before (%s); its result is not to be had any more", known.Tool, known.ID, known.Verdict)}
	}
	return res, err
}

// askAgain gets a call's outcome from its instance.
func (h *Hub) askAgain(ctx context.Context, req api.CallRequest, known ledger.Call, to func(api.Progress)) (*mcp.CallToolResult, error) {
	if err := wait(ctx, h.settled.over); err != nil {
		return nil, unknownFor(&known, err)
	}
	l := h.linkOf(known.Instance)
	if l == nil {
		if h.life.Err() == nil {
			h.books.settle(known.ID, ledger.Unknown)
		}
		return nil, unknownFor(&known, errGone)
	}
	c := &calling{hub: h, link: l, req: req, to: to, id: known.ID,
		issued: &api.Issued{Instance: known.Instance, Life: known.Life, Recording: h.books.recording(known.ID), At: known.Issued}}
	return c.join(ctx)
}

// verdictError is the error for a call that is known to have no result.
func verdictError(c *ledger.Call) error {
	what := fmt.Sprintf("%s of %s (call %s)", c.Tool, c.Name, c.ID)
	switch c.Verdict {
	case ledger.Expired:
		return &api.Error{Code: api.CodeTimeout, Message: "timed out: " + what + " arrived after its deadline and was not executed"}
	case ledger.NotRun:
		return &api.Error{Code: api.CodeNotRun, Message: what + " was lost before it was executed and never will be"}
	case ledger.Cancelled:
		return &api.Error{Code: api.CodeCallCanceled, Message: what + " was canceled while it ran"}
	case ledger.Unknown:
		return unknownFor(c, errors.New("nobody can tell any more"))
	case ledger.Pending, ledger.Done, ledger.Failed:
	}
	return nil
}

func unknownFor(c *ledger.Call, why error) error {
	return &api.Error{Code: api.CodeOutcomeUnknown, Err: why, Message: fmt.Sprintf(
		"%s (call %s): its outcome is unknown and it was not repeated (%s)", c.Tool, c.ID, errorText(why))}
}

// linkOf returns the link of the instance of that id, or nil.
func (h *Hub) linkOf(id string) *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.links[id]
}
