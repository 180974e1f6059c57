package ledger

import (
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

// KnownError says that a call of that id was issued before.
type KnownError struct{ Call Call }

func (e *KnownError) Error() string {
	return fmt.Sprintf("ledger: call %s was issued before (%s)", e.Call.ID, e.Call.Verdict)
}

// ErrorKind implements errors.Kinded.
func (e *KnownError) ErrorKind() errors.Kind { return errors.Invalid }

// FullError says that something has reached its limit.
type FullError struct {
	What  string
	Limit int
}

func (e *FullError) Error() string {
	return fmt.Sprintf("ledger: no room: there are %d %s already", e.Limit, e.What)
}

// ErrorKind implements errors.Kinded.
func (e *FullError) ErrorKind() errors.Kind { return errors.Limit }

// ConflictError says that a reader's position was moved by somebody else.
type ConflictError struct {
	Name       string
	Have, Want uint64 // revisions
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("ledger: reader %q was moved by somebody else (revision %d, not %d)", e.Name, e.Have, e.Want)
}

// ErrorKind implements errors.Kinded.
func (e *ConflictError) ErrorKind() errors.Kind { return errors.Superseded }

// ErrNoReader: there is no reader of that name.
var ErrNoReader = errors.New("ledger: no such reader")
