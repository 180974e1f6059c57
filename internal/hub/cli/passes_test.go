package cli

import (
	"testing"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// A follow goes on through what passes by itself, a hub without room among it, and ends with
// what does not.
func TestWhatAFollowWaitsFor(t *testing.T) {
	for code, want := range map[api.Code]bool{
		api.CodeNoHub: true, api.CodeShuttingDown: true, api.CodeOutcomeUnknown: true, api.CodeTimeout: true,
		api.CodeStopped: true, api.CodeOverloaded: true, api.CodeUnreachable: true, api.CodeNotRun: true, api.CodeResultLost: true,
		api.CodeUnknownInstance: false, api.CodeRefused: false, api.CodeInvalid: false, api.CodeTooLarge: false,
	} {
		if got := passes(&api.Error{Code: code}); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
	if !isAway(&api.Error{Code: api.CodeOverloaded}) || isAway(&api.Error{Code: api.CodeReaderConflict}) {
		t.Error("a watch and a reader's commit wait for the wrong things")
	}
}
