package callid

import "time"

// State of a call, as an instance knows it.
type State string

const (
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"    // the tool ran and reported an error, or was refused by the protocol
	Cancelled State = "cancelled" // it ran, was told to stop, and did not succeed
	Expired   State = "expired"   // it arrived too late and never ran
	NotRun    State = "not_run"   // it had not arrived, or was withdrawn before, and never will run
	Forgotten State = "forgotten" // it may have run: so long ago that nobody remembers
)

// Ran reports whether the call has, or may have, had effects.
func (s State) Ran() bool { return s != Expired && s != NotRun }

// Names of the tools that an instance offers for this.
const (
	OutcomeTool = "calls_outcome"
	CancelTool  = "calls_cancel"
)

// Query is the input of OutcomeTool.
type Query struct {
	CallID string `json:"callId" jsonschema:"the call's id, 32 hex digits"`
	// Settle makes the answer final for a call that has not arrived.
	Settle bool  `json:"settle,omitempty" jsonschema:"if the call has not arrived make sure that it never runs"`
	Wait   bool  `json:"wait,omitempty" jsonschema:"wait up to 20 s for the end of a call that is running"`
	AgeMS  int64 `json:"ageMs,omitempty" jsonschema:"how many milliseconds ago the call was made, if known"`
}

// Cancel is the input of CancelTool.
type Cancel struct {
	CallID string `json:"callId" jsonschema:"the call's id, 32 hex digits"`
}

// Outcome is the output of both.
type Outcome struct {
	CallID  string    `json:"callId"`
	State   State     `json:"state" jsonschema:"running, done, failed, cancelled, expired, not_run, or forgotten"`
	Tool    string    `json:"tool,omitempty"`
	Arrived time.Time `json:"arrived,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
}

// Codes of JSON-RPC errors with which an instance refuses to run, or to run again.
const (
	CodeExpired       = -32060 // the call arrived after its deadline and was not run
	CodeNotRun        = -32061 // it was withdrawn before it arrived, or had not arrived when its outcome was settled
	CodeCancelled     = -32062 // it was cancelled while it ran
	CodeResultDropped = -32063 // it was run and has ended; its result is not kept any more
	CodeForgotten     = -32064 // it may have been run long ago
	CodeOtherCall     = -32065 // that id belongs to a call of another tool or with other arguments
	CodeBusy          = -32066 // too many calls run; it was not run
)
