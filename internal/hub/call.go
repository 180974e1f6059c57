package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
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

	l, err := h.find(ctx, req.Instance)
	if err != nil {
		return nil, err
	}
	for tries := 1; ; tries++ {
		c, err := h.ready(ctx, l)
		if err != nil {
			return nil, err
		}
		res, left, err := c.call(ctx, req, to)
		if err == nil {
			return res, nil
		}
		err, again := l.callFailed(ctx, c, req, left, err)
		switch {
		case !again:
			return nil, err
		case tries == maxTries:
			return nil, &api.Error{Code: api.CodeUnreachable, Err: err, Message: fmt.Sprintf(
				"%s of %s could not be delivered (%s); nothing was executed", req.Tool, l.name(), errorText(err))}
		}
	}
}

// maxTries is how often a call is offered to sessions that end before they have taken it:
// it may be the call that ends them, by its size.
const maxTries = 5

func checkCall(req api.CallRequest) (api.CallRequest, error) {
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

// callFailed makes an error that tells what is known of the call's effect, or says that the call
// never reached the instance and may be made again.
func (l *link) callFailed(ctx context.Context, c *client, req api.CallRequest, left *departure, err error) (error, bool) {
	where := fmt.Sprintf("%s of %s", req.Tool, l.name())
	if ctx.Err() != nil {
		if !left.arrived(nil) {
			return contextError(ctx, where+" was not executed"), false
		}
		if isShutdown(ctx) {
			return &api.Error{Code: api.CodeOutcomeUnknown, Message: where + ": the hub was shut down during the call; its outcome is unknown", Err: errShuttingDown}, false
		}
		return contextError(ctx, where+" was given up; the instance was told to cancel it"), false
	}
	if errors.Is(err, session.ErrTooLarge) {
		return &api.Error{Code: api.CodeTooLarge, Message: where + ": the arguments are larger than the instance takes", Err: err}, false
	}
	if refusal, ok := errors.AsType[*jsonrpc.Error](err); ok && !errors.Is(err, mcp.ErrConnectionClosed) {
		return &api.Error{Code: api.CodeRefused, Message: fmt.Sprintf("%s: %s", where, refusal.Message), Err: err}, false
	}
	end := c.sessionEnd()
	if !left.arrived(end) {
		return err, true
	}
	if end == nil {
		end = err
	}
	reason := errorText(end)
	switch {
	case l.life.Err() != nil:
		reason = errorText(context.Cause(l.life))
	case errors.Is(end, session.ErrClosed):
		reason = "the session was ended"
	}
	return &api.Error{
		Code:    api.CodeOutcomeUnknown,
		Message: fmt.Sprintf("%s: the session was lost during the call, its outcome is unknown and it was not repeated (%s)", where, reason),
		Err:     end,
	}, false
}

// ready waits until calls can be sent to the instance.
func (h *Hub) ready(ctx context.Context, l *link) (*client, error) {
	for {
		l.mu.Lock()
		c, state, changed := l.client, l.stateLocked(), l.changed
		name, lastErr := l.found.Name, errorText(l.lastErr)
		l.mu.Unlock()
		switch {
		case l.life.Err() != nil && h.life.Err() == nil:
			return nil, &api.Error{Code: api.CodeUnreachable, Message: name + " is gone; nothing was executed", Err: errGone}
		case state == api.Discovered:
			return nil, &api.Error{Code: api.CodeNoSession, Message: name + " " + noSession}
		case state == api.Stopped:
			return nil, &api.Error{Code: api.CodeStopped, Message: fmt.Sprintf("%s is disconnected: run brum-hub connect %s", name, l.id)}
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
