package calls

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
)

type digest [sha256.Size]byte

func digestOf(arguments []byte) digest { return sha256.Sum256(arguments) }

// stateOf is what a run comes to, if nobody withdrew it.
func stateOf(r *run) callid.State {
	if r.err != nil {
		return callid.Failed
	}
	if res, ok := r.result.(*mcp.CallToolResult); ok && res != nil && res.IsError {
		return callid.Failed
	}
	return callid.Done
}

// sizeOf is what keeping a run's result costs; more than limit if that can't be told.
func sizeOf(r *run, limit int) int {
	if r.err != nil {
		return len(r.err.Error())
	}
	data, err := json.Marshal(r.result)
	if err != nil {
		return limit + 1
	}
	return len(data)
}

var (
	errOtherCall = &jsonrpc.Error{Code: callid.CodeOtherCall, Message: "this call id belongs to a call of another tool or with other arguments"}
	errBusy      = &jsonrpc.Error{Code: callid.CodeBusy, Message: "too many calls are running, or the instance is shutting down; this one was not run"}
)

// refusal says why there is nothing to wait for.
func refusal(state callid.State) error {
	switch state {
	case callid.Expired:
		return &jsonrpc.Error{Code: callid.CodeExpired, Message: "the call arrived after its deadline and was not run"}
	case callid.NotRun:
		return &jsonrpc.Error{Code: callid.CodeNotRun, Message: "the call had not arrived when it was withdrawn or settled; it was not run and never will be"}
	case callid.Cancelled:
		return &jsonrpc.Error{Code: callid.CodeCancelled, Message: "the call was cancelled while it ran"}
	case callid.Done, callid.Failed:
		return &jsonrpc.Error{Code: callid.CodeResultDropped, Message: "the call has ended (" + string(state) + "); its result is not kept any more"}
	case callid.Forgotten:
		return &jsonrpc.Error{Code: callid.CodeForgotten, Message: "the call may have been run so long ago that nobody remembers"}
	case callid.Running:
	}
	panic("BUG: nothing to wait for in state " + string(state))
}
