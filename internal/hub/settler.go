package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/ledger"
)

// parting is what a call is told whose caller waits no longer.
type parting uint8

const (
	leave    parting = iota // it goes on
	withdraw                // it is to stop
)

// settleLater finds out in the background what became of a call, and writes it down.
func (h *Hub) settleLater(c ledger.Call, p parting) {
	h.background(func() { h.settle(c, p) })
}

// settleOrphan finds out what became of a call of an earlier hub. It gives the instances
// that were there a moment to be found.
func (h *Hub) settleOrphan(c ledger.Call) {
	select {
	case <-h.settled.over:
	case <-h.life.Done():
		return
	}
	h.settle(c, leave)
}

// settle asks the instance until the call has ended, which never makes the call run: if it
// has not arrived, it never will. The hub's end leaves it to the next hub.
func (h *Hub) settle(c ledger.Call, p parting) {
	verdict := ledger.Unknown
	if l := h.linkOf(c.Instance); l != nil {
		v, err := l.learn(c, p)
		if h.life.Err() != nil {
			return
		}
		if err != nil {
			l.log.Warn("the outcome of a call is unknown", "call", c.ID, "tool", c.Tool, "error", err)
			v = ledger.Unknown
		}
		verdict = v
	}
	if h.life.Err() == nil {
		h.books.settle(c.ID, verdict)
	}
}

// learn waits for the end of a call. An error says that its outcome can't be known.
func (l *link) learn(c ledger.Call, p parting) (ledger.Verdict, error) {
	for failures := 0; ; {
		via, err := l.awaitLife(c.Life)
		if err != nil {
			return "", err
		}
		if !via.tellsOutcomes() {
			return "", errors.New("the instance does not know calls by their ids")
		}
		out, err := via.outcome(l.life, c, p)
		switch {
		case l.life.Err() != nil:
			return "", context.Cause(l.life)
		case err == nil:
			if v, ended := verdictFrom(out.State); ended {
				return v, nil
			}
			failures, p = 0, leave
		case isRefusal(err) || failures == maxTries:
			return "", err
		default: // the session is about to end
			failures++
		}
		select {
		case <-via.session.Done():
		case <-time.After(askPause):
		case <-l.life.Done():
		}
	}
}

// askPause lies between two questions about a call, which each may be answered only when it
// has ended.
const askPause = 250 * time.Millisecond

func isRefusal(err error) bool {
	_, ok := refusalIn(err)
	return ok
}

// verdictFrom is what an instance's word means; false while the call runs.
func verdictFrom(s callid.State) (ledger.Verdict, bool) {
	switch s {
	case callid.Running:
		return "", false
	case callid.Done:
		return ledger.Done, true
	case callid.Failed:
		return ledger.Failed, true
	case callid.Cancelled:
		return ledger.Cancelled, true
	case callid.Expired:
		return ledger.Expired, true
	case callid.NotRun:
		return ledger.NotRun, true
	}
	return ledger.Unknown, true
}

// awaitLife waits until that life of the instance can be called. An error says that it is over.
func (l *link) awaitLife(life string) (*client, error) {
	for {
		l.mu.Lock()
		c, state, changed, now := l.client, l.stateLocked(), l.changed, l.found.Life
		l.mu.Unlock()
		switch {
		case now != life:
			return nil, errRestarted
		case c != nil && c.life == life && (state == api.Active || state == api.Stalled):
			return c, nil
		}
		select {
		case <-changed:
		case <-l.life.Done():
			return nil, context.Cause(l.life)
		}
	}
}

// outcome asks the instance about a call.
func (c *client) outcome(ctx context.Context, call ledger.Call, p parting) (callid.Outcome, error) {
	tool, input := callid.OutcomeTool, any(callid.Query{CallID: string(call.ID), Settle: true, Wait: true,
		AgeMS: max(1, time.Since(call.Issued).Milliseconds())})
	if p == withdraw {
		tool, input = callid.CancelTool, callid.Cancel{CallID: string(call.ID)}
	}
	return c.ask(ctx, tool, input, call.ID)
}

// ask calls one of the tools that tell of calls.
func (c *client) ask(ctx context.Context, tool string, input any, id callid.ID) (callid.Outcome, error) {
	var out callid.Outcome
	if c.overHTTP() { // a connection may die silently
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, logReadLimit)
		defer done()
	}
	res, err := c.main.mcp.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: input})
	if err != nil {
		return out, err
	}
	data, err := json.Marshal(res.StructuredContent)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil || res.IsError || out.CallID != string(id) {
		return out, fmt.Errorf("%s answered with no outcome: %w", tool, errors.Join(err, errNoOutcome))
	}
	return out, nil
}

var errNoOutcome = errors.New("not understood")
