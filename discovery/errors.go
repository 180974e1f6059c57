package discovery

import (
	"fmt"
	"time"

	"github.com/standardbeagle/brum/errors"
)

var (
	// ErrVanished: the registration's file is no longer there although nobody
	// called Unregister. Registration.Run creates it again.
	ErrVanished = fmt.Errorf("discovery: the instance file has vanished: %w", errors.NotFound)
	// ErrUnregistered: Unregister has been called.
	ErrUnregistered = fmt.Errorf("discovery: unregistered: %w", errors.Closed)
	// ErrClosed: the watcher has been closed.
	ErrClosed = fmt.Errorf("discovery: watcher closed: %w", errors.Closed)
)

// DirError says why a directory can't be used for instance files and what to
// do about it.
type DirError struct {
	Path    string
	Problem string
	Fix     string // what the user can do
	Err     error  // the details, if there are any
}

func (e *DirError) Error() string {
	s := fmt.Sprintf("discovery directory %s %s", e.Path, e.Problem)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + "; " + e.Fix
}

func (e *DirError) Unwrap() error { return e.Err }

// ErrorKind is that of the details, else Permission.
func (e *DirError) ErrorKind() errors.Kind {
	if kind := errors.Of(e.Err); kind != errors.Unknown {
		return kind
	}
	return errors.Permission
}

// LockError says that the directory's lock was not free in time. Its kind is
// Timeout or Canceled, as the context had it.
type LockError struct {
	Path   string
	Waited time.Duration
	Err    error // the context's
}

func (e *LockError) Error() string {
	return fmt.Sprintf("waited %v for the lock %s, which another process holds: %v",
		e.Waited.Round(time.Millisecond), e.Path, e.Err)
}

func (e *LockError) Unwrap() error { return e.Err }

// FileError says why an instance file can't be read, written or used.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("instance file %s: %v", e.Path, e.Err) }
func (e *FileError) Unwrap() error { return e.Err }

// invalid makes an error of kind Invalid.
func invalid(format string, args ...any) error {
	return &errors.Error{Kind: errors.Invalid, Err: fmt.Errorf(format, args...)}
}
