package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// maxHubs is how many hubs may be lost during one call before its outcome is given up.
const maxHubs = 10

// Call implements api.Backend. The call has an id that outlives hubs: it runs at most once,
// and its outcome is unknown only if no hub can tell it.
func (b *Backend) Call(ctx context.Context, req api.CallRequest, progress func(api.Progress)) (*mcp.CallToolResult, error) {
	if req.ID == "" {
		req.ID = string(callid.New())
	}
	var unknown error // why, once the call may have been sent
	for lost := 0; ; {
		res, err := b.client.Call(ctx, req, progress)
		if err == nil {
			b.keeper.Seen()
			return res, nil
		}
		switch api.CodeOf(err) {
		case api.CodeNoHub, api.CodeShuttingDown:
		case api.CodeOutcomeUnknown:
			issued, ask := whatIsLeft(err, unknown != nil)
			if lost++; !ask || lost == maxHubs {
				return nil, err
			}
			if issued != nil {
				req.Issued, unknown = issued, err
			}
		default:
			return nil, err
		}
		if err := b.await(ctx); err != nil {
			if unknown != nil {
				return nil, stillUnknown(unknown, err)
			}
			return nil, err
		}
	}
}

// whatIsLeft tells of an outcome_unknown whether the next hub should be asked, and what was
// told of the call; nil if no hub has sent it.
func whatIsLeft(err error, before bool) (issued *api.Issued, ask bool) {
	lost, ok := errors.AsType[*control.LostCallError](err)
	switch {
	case !ok:
		return nil, false
	case lost.Issued == nil:
		return nil, lost.ByConnection()
	case lost.Issued.Recording == api.Untracked:
		return nil, false
	case before && !lost.ByConnection():
		return nil, false // this is what a hub says that was asked
	}
	return lost.Issued, true
}

// await waits for a hub, and a moment for one that is just ending.
func (b *Backend) await(ctx context.Context) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return b.keeper.Await(ctx)
}

// stillUnknown is the error of a call whose outcome no hub came to tell.
func stillUnknown(unknown, why error) error {
	return &api.Error{Code: api.CodeOutcomeUnknown, Err: unknown, Message: fmt.Sprintf("%v; nor could it be found out since (%v)", unknown, why)}
}
