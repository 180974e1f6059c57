package discovery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/standardbeagle/brum/errors"
)

// LockMethod is how processes exclude each other when they write.
type LockMethod uint8

const (
	LockUnknown LockMethod = iota // it could not be found out
	LockSystem                    // locks of the system
	LockFile                      // a file that only one can create, as locks don't work
)

func (m LockMethod) String() string {
	switch m {
	case LockSystem:
		return "file locks"
	case LockFile:
		return "a lock file"
	default:
		return "unknown"
	}
}

func (m LockMethod) fileName() string {
	if m == LockFile {
		return exclusiveName
	}
	return lockName
}

// WatchMethod is how changes are learned of.
type WatchMethod uint8

const (
	WatchUnknown  WatchMethod = iota // it could not be found out
	WatchNotified                    // the system notifies of them
	WatchPolled                      // by looking every Config.Check, as not all are notified
)

func (m WatchMethod) String() string {
	switch m {
	case WatchNotified:
		return "notification"
	case WatchPolled:
		return "polling"
	default:
		return "unknown"
	}
}

// Health says what works in a directory and what is used in place of what does
// not. Each problem is an error of this module's kinds that names its path.
type Health struct {
	Dir        string
	FileSystem string // its name, like "ext4" or "nfs"; empty if the system doesn't tell
	// Shared: other machines, or programs behind the file system, can change
	// it without this one being notified.
	Shared bool

	Problem error // why the directory can't be used at all; then nothing below is known
	Write   error // why files can't be written; nil if they can

	Lock        LockMethod
	LockProblem error // why Lock is not LockSystem

	Watch        WatchMethod
	WatchProblem error // why Watch is not WatchNotified
}

// OK reports whether everything works as it does on a local disk.
func (h Health) OK() bool {
	return h.Problem == nil && h.Write == nil && h.LockProblem == nil && h.WatchProblem == nil
}

// String is one line for people.
func (h Health) String() string {
	if h.Problem != nil {
		return h.Problem.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): ", h.Dir, knownOr(h.FileSystem, "unknown file system"))
	if h.Write != nil {
		fmt.Fprintf(&b, "can't be written (%v); ", h.Write)
	} else {
		b.WriteString("can be written; ")
	}
	fmt.Fprintf(&b, "locked by %v%s; watched by %v%s", h.Lock, because(h.LockProblem), h.Watch, because(h.WatchProblem))
	return b.String()
}

func knownOr(s, unknown string) string {
	if s == "" {
		return unknown
	}
	return s
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf(" (%v)", err)
}

// Health tries what the directory is needed for: it writes, locks, and waits to
// be notified of a file of its own. It takes as long as ctx allows, and two
// seconds for each of the latter two at most.
func (r *Registry) Health(ctx context.Context) Health {
	h := Health{Dir: r.dir}
	if _, h.Problem = prepare(r.dir); h.Problem != nil {
		return h
	}
	h.FileSystem, h.Shared = r.config.fileSystem(r.dir)
	h.Write = r.tryWriting()
	h.Lock, h.LockProblem = r.tryLocking(ctx)
	h.Watch, h.WatchProblem = r.tryWatching(ctx, h.FileSystem, h.Shared)
	return h
}

func (r *Registry) tryWriting() error {
	file, err := r.config.createTemp(r.dir)
	if err != nil {
		return asFileError(filepath.Join(r.dir, tempPrefix), err)
	}
	defer os.Remove(file.Name())
	if err := fill(file, make([]byte, 4<<10)); err != nil {
		return asFileError(file.Name(), err)
	}
	return nil
}

func (r *Registry) tryLocking(ctx context.Context) (LockMethod, error) {
	ctx, cancel := context.WithTimeout(ctx, hearWithin)
	defer cancel()
	unlock, err := r.locks.lock(ctx)
	if err == nil {
		unlock()
	}
	method, problem := r.locks.method()
	if method == LockFile {
		err = &FileError{Path: filepath.Join(r.dir, lockName), Err: problem}
	} else if _, waited := errors.AsType[*LockError](err); waited && method == LockSystem {
		err = nil // somebody else holds it: it works
	}
	return method, err
}

func (r *Registry) tryWatching(ctx context.Context, name string, shared bool) (WatchMethod, error) {
	ctx, cancel := context.WithTimeout(ctx, hearWithin)
	defer cancel()
	n, err := r.config.notify(r.dir)
	if err != nil {
		return WatchPolled, &DirError{Path: r.dir, Problem: "can't be watched", Fix: raiseLimits, Err: err}
	}
	defer n.stop()
	probe, err := writeProbe(r.dir)
	if err != nil {
		return WatchUnknown, asFileError(filepath.Join(r.dir, tempPrefix), err)
	}
	defer os.Remove(probe)
	for {
		select {
		case event, ok := <-n.events:
			switch {
			case !ok:
				return WatchPolled, unheard(r.dir, nil)
			case event.Name != probe:
			case shared:
				return WatchPolled, sharedDir(r.dir, name)
			default:
				return WatchNotified, nil
			}
		case err := <-n.errors:
			return WatchPolled, unheard(r.dir, err)
		case <-ctx.Done():
			return WatchPolled, unheard(r.dir, nil)
		}
	}
}
