package journal

import (
	"fmt"
	"time"

	"github.com/standardbeagle/brum/errors"
)

var (
	// ErrClosed: Close has been called.
	ErrClosed = fmt.Errorf("journal: closed: %w", errors.Closed)
	// ErrEnded: the session has a tombstone, nothing can be appended.
	ErrEnded = fmt.Errorf("journal: the session has ended: %w", errors.Closed)
	// ErrFailed is matched by every *FailedError.
	ErrFailed = errors.New("journal: failed")
)

// InUseError says that another journal, of this process or another, holds the lock.
type InUseError struct {
	Path  string
	PID   int       // 0 if the holder's note can't be read
	Host  string    // where it runs
	Since time.Time // when it opened the journal
}

func (e *InUseError) Error() string {
	s := fmt.Sprintf("journal %s is in use", e.Path)
	if e.PID != 0 {
		s += fmt.Sprintf(" by process %d on %s since %s", e.PID, e.Host, e.Since.Format(time.DateTime))
	}
	return s
}

// ErrorKind implements errors.Kinded.
func (e *InUseError) ErrorKind() errors.Kind { return errors.InUse }

// AccessError says that a file of the journal is not private to this user.
type AccessError struct {
	Path    string
	Problem string
}

func (e *AccessError) Error() string { return fmt.Sprintf("journal: %s %s", e.Path, e.Problem) }

// ErrorKind implements errors.Kinded.
func (e *AccessError) ErrorKind() errors.Kind { return errors.Permission }

// CorruptError says that data which had been made durable can't be read back. The journal
// never skips such data; it stays as it is for somebody to look at.
type CorruptError struct {
	Path    string // the file
	Offset  int64  // of the damaged part in it
	Problem string
	Err     error // the details, if there are any
}

func (e *CorruptError) Error() string {
	s := fmt.Sprintf("journal: %s is damaged at offset %d: %s", e.Path, e.Offset, e.Problem)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *CorruptError) Unwrap() error { return e.Err }

// ErrorKind implements errors.Kinded.
func (e *CorruptError) ErrorKind() errors.Kind { return errors.Invalid }

// VersionError says that the journal was written in a format this program does not know.
type VersionError struct {
	Path    string
	Version uint16
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("journal: %s has format %d, this program knows %d", e.Path, e.Version, formatVersion)
}

// ErrorKind implements errors.Kinded.
func (e *VersionError) ErrorKind() errors.Kind { return errors.Unsupported }

// FailedError says that the store refused a write, an fsync or another step that durability
// needs. From then on the journal takes nothing more: what a failed fsync left behind is not
// known, and another fsync would not tell. Everything acknowledged before is safe and can be
// read; opening the journal again finds it. Whether the session goes on without a journal is
// the caller's decision.
type FailedError struct {
	Path string // the file or directory
	Op   string // "write", "sync", "create", …
	Err  error
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("journal: %s %s: %v; nothing more can be made durable until it is opened again", e.Op, e.Path, e.Err)
}

func (e *FailedError) Unwrap() error        { return e.Err }
func (e *FailedError) Is(target error) bool { return target == ErrFailed }

// ErrorPersistence implements the errors package's question: doing the same again can't help.
func (e *FailedError) ErrorPersistence() errors.Persistence { return errors.Permanent }

// ErrorKind is that of the cause: DiskFull, Permission (also for a read-only file system) …,
// and Invalid for an input/output error.
func (e *FailedError) ErrorKind() errors.Kind {
	if kind := errors.Of(e.Err); kind != errors.Unknown {
		return kind
	}
	return errors.Invalid
}

// FullError says that there is no room. Trim makes some.
type FullError struct {
	Path   string
	Stream string
	What   string // which limit
	Limit  int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("journal %s: stream %q: no room: %d %s", e.Path, e.Stream, e.Limit, e.What)
}

// ErrorKind implements errors.Kinded.
func (e *FullError) ErrorKind() errors.Kind { return errors.BufferFull }

// StaleError says that a mark which only ever rises would have gone back: a cursor or a fence.
type StaleError struct {
	What      string // "receive cursor", "accepted fence", …
	Have, Got string
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("journal: %s %s is not above %s", e.What, e.Got, e.Have)
}

// ErrorKind implements errors.Kinded.
func (e *StaleError) ErrorKind() errors.Kind { return errors.Superseded }

// BeyondError says that the peer claims to have what was never made durable here: this
// journal was rolled back, or the peer is wrong.
type BeyondError struct {
	Stream     string
	Have, Peer uint64
}

func (e *BeyondError) Error() string {
	return fmt.Sprintf("journal: stream %q: the peer has committed %d, the log ends at %d", e.Stream, e.Peer, e.Have)
}

// ErrorKind implements errors.Kinded.
func (e *BeyondError) ErrorKind() errors.Kind { return errors.SessionLost }

// PendingError says that the context ended before the fsync did. What was asked for has been
// handed over and becomes durable unless the journal fails: it must not be asked for again.
// Sync waits for it.
type PendingError struct{ Err error }

func (e *PendingError) Error() string { return "journal: not yet durable: " + e.Err.Error() }
func (e *PendingError) Unwrap() error { return e.Err }

func invalid(format string, args ...any) error {
	return fmt.Errorf("journal: %w: %w", fmt.Errorf(format, args...), errors.Invalid)
}
