package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/httpconn"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/session"
)

// calling is one call on its way. It belongs to the goroutine of its caller.
type calling struct {
	hub  *Hub
	link *link
	req  api.CallRequest
	to   func(api.Progress)
	id   callid.ID

	issued *api.Issued // nil until it is
	lost   error       // why its outcome is not known, after errLost
	via    *client     // that it was given to last
}

// errLost: the call has left, and the session ended before its answer came.
var errLost = errors.New("the answer is lost")

// maxTries is how often a call is offered to sessions that end before they have taken it:
// it may be the call that ends them, by its size.
const maxTries = 5

func (c *calling) where() string { return fmt.Sprintf("%s of %s", c.req.Tool, c.link.name()) }

// tracked reports whether the call has an id at the instance.
func (c *calling) tracked() bool { return c.issued != nil && c.issued.Recording != api.Untracked }

func (c *calling) settle(v ledger.Verdict) { c.hub.books.settle(c.id, v) }

// make runs the call, at most once. The error is errLost if it has left and its outcome may
// be learned.
func (c *calling) make(ctx context.Context) (*mcp.CallToolResult, error) {
	for tries := 1; ; tries++ {
		via, err := c.hub.ready(ctx, c.link)
		if err == nil {
			err = c.issue(ctx, via)
		}
		if err != nil {
			c.settle(ledger.NotRun)
			return nil, err
		}
		c.via = via
		res, left, err := via.call(ctx, c.req, c.meta(), c.to)
		if err == nil {
			c.settle(verdictOf(res))
			return res, nil
		}
		err, again := c.failed(ctx, via, left, err)
		switch {
		case !again:
			return nil, err
		case tries == maxTries:
			c.settle(ledger.NotRun)
			return nil, &api.Error{Code: api.CodeUnreachable, Err: err, Message: fmt.Sprintf(
				"%s could not be delivered (%s); nothing was executed", c.where(), errorText(err))}
		}
	}
}

func (c *calling) meta() callid.Meta {
	if !c.tracked() {
		return callid.Meta{}
	}
	return callid.Meta{ID: c.id, Deadline: c.req.Deadline}
}

// issue writes the call down and tells its caller, once, before it is sent.
func (c *calling) issue(ctx context.Context, via *client) error {
	if c.issued != nil {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		c.req.Deadline = deadline // not later than what the request says
	}
	issued := api.Issued{Instance: c.link.id, Life: via.life, Recording: api.Untracked, At: time.Now()}
	if !via.onlyReads(&c.req) {
		var err error
		issued.Recording, err = c.hub.books.issue(ctx, ledger.Call{
			ID: c.id, Instance: issued.Instance, Life: issued.Life, Name: c.link.name(), Tool: c.req.Tool,
			Digest: c.hub.books.digest(c.req.Tool, c.req.Arguments), Issued: issued.At, Deadline: c.req.Deadline,
		})
		if err != nil {
			return err
		}
	}
	c.issued = &issued
	if c.req.OnIssued != nil {
		c.req.OnIssued(issued)
	}
	return nil
}

func verdictOf(res *mcp.CallToolResult) ledger.Verdict {
	if res.IsError {
		return ledger.Failed
	}
	return ledger.Done
}

// failed makes an error that tells what is known of the call's effect, or says that the call
// never reached the instance and may be made again.
func (c *calling) failed(ctx context.Context, via *client, left *departure, err error) (error, bool) {
	if ctx.Err() != nil {
		return c.givenUp(ctx, left.arrived(nil)), false
	}
	if errors.Is(err, session.ErrTooLarge) {
		c.settle(ledger.NotRun)
		return &api.Error{Code: api.CodeTooLarge, Message: c.where() + ": the arguments are larger than the instance takes", Err: err}, false
	}
	if refusal, ok := refusalIn(err); ok {
		return c.refused(via, refusal), false
	}
	end := via.sessionEnd()
	if !left.arrived(end) {
		return err, true
	}
	if end == nil {
		end = err
	}
	c.lost = end
	if c.tracked() && via.tellsOutcomes() && c.link.life.Err() == nil {
		return errLost, false
	}
	if c.hub.life.Err() == nil { // else the next hub settles it
		c.settle(ledger.Unknown)
	}
	return c.unknown(), false
}

// refusalIn is the instance's answer in err, if that is one.
func refusalIn(err error) (*jsonrpc.Error, bool) {
	refusal, ok := errors.AsType[*jsonrpc.Error](err)
	_, unanswered := errors.AsType[*httpconn.RequestError](err)
	return refusal, ok && !unanswered && !errors.Is(err, mcp.ErrConnectionClosed)
}

// givenUp is the error of a call whose caller waits no longer. What becomes of one that has
// left is found out without it.
func (c *calling) givenUp(ctx context.Context, left bool) error {
	switch {
	case !left:
		c.settle(ledger.NotRun)
		return contextError(ctx, c.where()+" was not executed")
	case isShutdown(ctx): // the next hub settles it
		return &api.Error{Code: api.CodeOutcomeUnknown, Message: c.where() + ": the hub was shut down during the call; its outcome is unknown", Err: errShuttingDown}
	}
	if c.via != nil && (c.via.cancelsNothing() || c.via.cancelsByID() && !c.tracked()) {
		c.settle(ledger.Unknown)
		return contextError(ctx, c.where()+" was given up; the instance can't be told, and may go on with it")
	}
	c.settleLater(withdraw)
	return contextError(ctx, c.where()+" was given up; the instance was told to cancel it")
}

// unknown is the error of a call whose outcome can't be told to its caller.
func (c *calling) unknown() error {
	reason, what := errorText(c.lost), "session"
	if c.via != nil && c.via.overHTTP() {
		what = "connection"
	}
	switch {
	case c.link.life.Err() != nil:
		reason = errorText(context.Cause(c.link.life))
	case errors.Is(c.lost, session.ErrClosed):
		reason = "the session was ended"
	}
	return &api.Error{
		Code:    api.CodeOutcomeUnknown,
		Message: fmt.Sprintf("%s: the %s was lost during the call, its outcome is unknown and it was not repeated (%s)", c.where(), what, reason),
		Err:     c.lost,
	}
}

// refused makes an error of an instance's refusal and writes down what it means.
func (c *calling) refused(via *client, e *jsonrpc.Error) error {
	code, verdict := api.CodeRefused, ledger.Failed
	if c.tracked() && via.tellsOutcomes() {
		code, verdict = meaning(e.Code)
	}
	if code == api.CodeResultLost {
		c.settleLater(leave) // it has ended; the instance knows how
	} else {
		c.settle(verdict)
	}
	return &api.Error{Code: code, Message: fmt.Sprintf("%s: %s", c.where(), e.Message), Err: e}
}

// meaning is that of an instance's code of refusal.
func meaning(code int64) (api.Code, ledger.Verdict) {
	switch code {
	case callid.CodeExpired:
		return api.CodeTimeout, ledger.Expired
	case callid.CodeNotRun, callid.CodeBusy:
		return api.CodeNotRun, ledger.NotRun
	case callid.CodeCancelled:
		return api.CodeCallCanceled, ledger.Cancelled
	case callid.CodeResultDropped:
		return api.CodeResultLost, ""
	case callid.CodeForgotten:
		return api.CodeOutcomeUnknown, ledger.Unknown
	case callid.CodeOtherCall:
		return api.CodeInvalid, ledger.NotRun
	}
	return api.CodeRefused, ledger.Failed
}

// settleLater has the outcome found out in the background, if there is a ledger to tell.
func (c *calling) settleLater(p parting) {
	overHTTP := p == withdraw && c.via != nil && c.via.cancelsByID() // which nothing else tells it
	if c.issued.Recording == api.Recorded || c.tracked() && overHTTP {
		c.hub.settleLater(ledger.Call{ID: c.id, Instance: c.issued.Instance, Life: c.issued.Life, Tool: c.req.Tool, Issued: c.issued.At}, p)
	}
}
