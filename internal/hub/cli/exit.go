package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// Exit codes.
const (
	exitOK             = 0
	exitFailure        = 1
	exitUsage          = 2
	exitNoHub          = 3
	exitInstance       = 4
	exitTool           = 5
	exitOutcomeUnknown = 6
	exitTimeout        = 7
	exitRunning        = 8
	exitNotRun         = 9
	exitUnhealthy      = 10
	exitOverloaded     = 11
	exitInterrupted    = 130
)

const exitHelp = `Exit codes:
  0  done
  1  failed
  2  wrong usage
  3  no hub is running
  4  no such instance, an ambiguous one, or one that can't be asked (disconnected, no session)
  5  the tool reported an error
  6  the call was under way when the connection was lost: its outcome is unknown, or
     its result lost
  7  not reached or not answered in time
  8  serve: another hub is running
  9  the call was not run, or stopped while it ran; or its record can't be kept
  10 doctor: something is degraded or broken; doctor --watch: a wake has failed;
     --test-resource-limits: a limit does not hold
  11 no room at the moment (connections, requests or memory); nothing was executed
130  interrupted`

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// errToolFailed: the tool's own account of its error was printed already.
var errToolFailed = errors.New("the tool reported an error")

// errUnhealthy: what is wrong was printed already.
var errUnhealthy = errors.New("something is degraded or broken")

func exitCode(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	switch {
	case isA[*usageError](err):
		return exitUsage
	case isA[*control.RunningError](err):
		return exitRunning
	case errors.Is(err, errToolFailed):
		return exitTool
	case errors.Is(err, errUnhealthy), errors.Is(err, errLimits):
		return exitUnhealthy
	}
	switch api.CodeOf(err) {
	case api.CodeNoHub:
		return exitNoHub
	case api.CodeUnknownInstance, api.CodeAmbiguous, api.CodeStopped, api.CodeNoSession:
		return exitInstance
	case api.CodeRefused:
		return exitTool
	case api.CodeOutcomeUnknown, api.CodeResultLost:
		return exitOutcomeUnknown
	case api.CodeNotRun, api.CodeNotRecorded, api.CodeCallCanceled:
		return exitNotRun
	case api.CodeTimeout, api.CodeUnreachable:
		return exitTimeout
	case api.CodeInvalid:
		return exitUsage
	case api.CodeOverloaded:
		return exitOverloaded
	}
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return exitFailure
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
