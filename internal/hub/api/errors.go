package api

import (
	"errors"
	"strings"
	"time"
)

// Code is the kind of an Error; it is the same on the wire.
type Code string

const (
	CodeInvalid         Code = "invalid_request"
	CodeUnauthorized    Code = "unauthorized"
	CodeUnknownInstance Code = "unknown_instance"
	CodeAmbiguous       Code = "ambiguous_instance"
	CodeStopped         Code = "instance_stopped" // disconnected by the user
	CodeNoSession       Code = "no_session"       // the instance offers none
	CodeUnreachable     Code = "unreachable"      // not reached in the time given; nothing was executed
	CodeOutcomeUnknown  Code = "outcome_unknown"  // the call was under way; it may have been executed
	CodeRefused         Code = "refused"          // the instance answered with a protocol error
	CodeTimeout         Code = "timeout"
	CodeCanceled        Code = "canceled"
	CodeShuttingDown    Code = "shutting_down" // nothing was executed
	CodeNoHub           Code = "no_hub"        // no hub answers; nothing was executed
	CodeTooLarge        Code = "too_large"
	CodeInternal        Code = "internal"
	CodeNotRun          Code = "not_run"         // the call was lost before it was run, and never will be
	CodeCallCanceled    Code = "call_canceled"   // the call that is asked about was stopped while it ran
	CodeResultLost      Code = "result_lost"     // the call was run to its end; its result is not kept any more
	CodeNotRecorded     Code = "not_recorded"    // the ledger is required and has failed; nothing was executed
	CodeUnknownReader   Code = "unknown_reader"  // no reader of that name
	CodeReaderConflict  Code = "reader_conflict" // somebody else reads under that name, or it belongs to another log
	CodeLimit           Code = "limit"           // there are as many as there may be
	CodeOverloaded      Code = "overloaded"      // no room for more at the moment; nothing was executed
)

// Error is a failure that a caller can tell from others by its code.
// errors.Is(err, &Error{Code: c}) holds for every Error of code c.
type Error struct {
	Code       Code     `json:"code"`
	Message    string   `json:"message"`              // one line, with the way out
	Candidates []string `json:"candidates,omitempty"` // of an unknown or ambiguous reference
	// RetryAfterMillis is when another attempt makes sense; 0 says nothing about that.
	RetryAfterMillis float64 `json:"retry_after_ms,omitempty"`
	Err              error   `json:"-"` // cause, in the process where it arose
}

func (e *Error) Error() string {
	if len(e.Candidates) == 0 {
		return e.Message
	}
	return e.Message + ": " + strings.Join(e.Candidates, ", ")
}

func (e *Error) Unwrap() error { return e.Err }

// ErrorRetryAfter says when another attempt makes sense; 0 says nothing about that.
func (e *Error) ErrorRetryAfter() time.Duration {
	return time.Duration(e.RetryAfterMillis * float64(time.Millisecond))
}

// Is makes errors of the same code equal.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf is the code of the first Error in err's tree, "" when there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
