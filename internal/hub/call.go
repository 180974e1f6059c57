package hub

import (
	"bytes"
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

// Call implements api.Backend.
func (h *Hub) Call(ctx context.Context, req api.CallRequest, to func(api.Progress)) (*mcp.CallToolResult, error) {
	req, err := checkCall(req)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(h.life, func() { cancel(errShuttingDown) })
	defer stop()
	if !req.Deadline.IsZero() {
		var done context.CancelFunc
		ctx, done = context.WithDeadline(ctx, req.Deadline)
		defer done()
	}
	if req.ID == "" {
		return h.callNamed(ctx, req, callid.New(), to)
	}
	id, err := callid.Parse(req.ID)
	if err != nil {
		return nil, &api.Error{Code: api.CodeInvalid, Message: err.Error(), Err: err}
	}
	first, mine := h.flights.begin(id, req)
	if !mine {
		if !h.same(ctx, &first.req, &req) {
			return nil, otherCall(id, first.req.Tool, first.req.Instance)
		}
		return first.wait(ctx)
	}
	first.result, first.err = h.callNamed(ctx, req, id, to)
	h.flights.end(id, first)
	return first.result, first.err
}

// same reports whether two requests are for one call. An instance may be named in several ways.
func (h *Hub) same(ctx context.Context, a, b *api.CallRequest) bool {
	if a.Tool != b.Tool || !bytes.Equal(a.Arguments, b.Arguments) {
		return false
	}
	if a.Instance == b.Instance {
		return true
	}
	of, err := h.find(ctx, a.Instance)
	if err != nil {
		return false
	}
	other, err := h.find(ctx, b.Instance)
	return err == nil && of == other
}

func otherCall(id callid.ID, tool, instance string) error {
	return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf(
		"the call id %s belongs to another call, of %s in %s: this one was not run", id, tool, instance)}
}

// callNamed makes the call of that id, or tells the outcome of the one that was made before.
func (h *Hub) callNamed(ctx context.Context, req api.CallRequest, id callid.ID, to func(api.Progress)) (*mcp.CallToolResult, error) {
	if known, ok := h.books.known(id); ok {
		return h.outcomeOf(ctx, req, known, to)
	}
	if req.Issued != nil {
		return h.outcomeOf(ctx, req, ledger.Call{ID: id, Instance: req.Issued.Instance, Life: req.Issued.Life,
			Tool: req.Tool, Issued: req.Issued.At, Verdict: ledger.Pending}, to)
	}
	l, err := h.find(ctx, req.Instance)
	if err != nil {
		return nil, err
	}
	if err := h.admit(); err != nil {
		return nil, err
	}
	c := &calling{hub: h, link: l, req: req, to: to, id: id}
	res, err := c.make(ctx)
	if errors.Is(err, errLost) {
		return c.join(ctx)
	}
	return res, err
}

func checkCall(req api.CallRequest) (api.CallRequest, error) {
	if deadline := req.Deadline; !deadline.IsZero() && !time.Now().Before(deadline) {
		return req, &api.Error{Code: api.CodeTimeout, Message: "timed out: the call's deadline has passed; nothing was executed"}
	}
	if req.Tool == "" {
		return req, &api.Error{Code: api.CodeInvalid, Message: "no tool named"}
	}
	req.Arguments = bytes.TrimSpace(req.Arguments)
	if len(req.Arguments) == 0 || bytes.Equal(req.Arguments, []byte("null")) {
		req.Arguments = json.RawMessage("{}")
	}
	if len(req.Arguments) > api.MaxRequest {
		return req, &api.Error{Code: api.CodeTooLarge, Message: fmt.Sprintf("arguments of %d bytes are above %d", len(req.Arguments), api.MaxRequest)}
	}
	if req.Arguments[0] != '{' || !json.Valid(req.Arguments) {
		return req, &api.Error{Code: api.CodeInvalid, Message: "the arguments of a tool are a JSON object"}
	}
	return req, nil
}

// ready waits until calls can be sent to the instance.
func (h *Hub) ready(ctx context.Context, l *link) (*client, error) {
	for {
		l.mu.Lock()
		c, state, changed := l.client, l.stateLocked(), l.changed
		name, lastErr, full := l.found.Name, errorText(l.lastErr), l.fullLocked()
		l.mu.Unlock()
		switch {
		case l.life.Err() != nil && h.life.Err() == nil:
			return nil, &api.Error{Code: api.CodeUnreachable, Message: name + " is gone; nothing was executed", Err: errGone}
		case state == api.Discovered:
			return nil, &api.Error{Code: api.CodeNoSession, Message: name + " " + noSession}
		case state == api.Stopped:
			return nil, &api.Error{Code: api.CodeStopped, Message: fmt.Sprintf("%s is disconnected: run brum-hub connect %s", name, l.id)}
		case full != nil:
			return nil, overloaded(full)
		case c != nil && (state == api.Active || state == api.Stalled):
			return c, nil
		}
		select {
		case <-changed:
		case <-l.life.Done():
			if h.life.Err() != nil {
				return nil, errShuttingDown
			}
		case <-ctx.Done():
			if isShutdown(ctx) {
				return nil, errShuttingDown
			}
			if full := l.full(); full != nil {
				return nil, overloaded(full)
			}
			message := fmt.Sprintf("%s could not be reached in time (%s); nothing was executed", name, state)
			if lastErr != "" {
				message = fmt.Sprintf("%s could not be reached in time (%s: %s); nothing was executed", name, state, lastErr)
			}
			return nil, &api.Error{Code: api.CodeUnreachable, Message: message, Err: ctx.Err()}
		}
	}
}

// contextError is a call's error after its context ended.
func contextError(ctx context.Context, what string) error {
	switch {
	case isShutdown(ctx):
		return errShuttingDown
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &api.Error{Code: api.CodeTimeout, Message: "timed out: " + what, Err: ctx.Err()}
	}
	return &api.Error{Code: api.CodeCanceled, Message: "canceled: " + what, Err: ctx.Err()}
}
