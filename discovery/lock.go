package discovery

import (
	"context"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/standardbeagle/brum/errors"
)

const lockName = ".discovery.lock"

// held is a lock of the system's that has been taken.
type held interface {
	Stat() (fs.FileInfo, error) // of the locked file
	Unlock() error
}

// systemLock tries once to lock the file at path, which it makes if there is
// none. It returns nil and no error when somebody else holds the lock. Two
// calls exclude each other like two processes do.
type systemLock func(path string) (held, error)

// locker takes the lock of a directory: the system's, which is released when
// its holder dies, or, where that excludes nobody, one that is a file.
type locker struct {
	dir    string
	try    systemLock
	log    *slog.Logger
	counts *counters

	mu      sync.Mutex  // guards following
	probed  fs.FileInfo // the directory for which problem is known; nil if for none
	problem error       // why the system's locks are of no use there; nil if they are
}

// lock waits until ctx ends, then returns a *LockError.
func (l *locker) lock(ctx context.Context) (unlock func(), err error) {
	const shortest, longest = time.Millisecond, 20 * time.Millisecond
	began := time.Now()
	x := exclusive{dir: l.dir, log: l.log, counts: l.counts}
	for pause := shortest; ; pause = min(2*pause, longest) {
		method, _ := l.method()
		if err := ctx.Err(); err != nil {
			return nil, &LockError{Path: filepath.Join(l.dir, method.fileName()), Waited: time.Since(began), Err: err}
		}
		switch method {
		case LockUnknown:
			unlock, err = l.first()
		case LockSystem:
			unlock, err = l.again()
		case LockFile:
			unlock, err = x.try()
		}
		if unlock != nil {
			return unlock, nil
		}
		if err != nil {
			return nil, asFileError(filepath.Join(l.dir, method.fileName()), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): // so that waiters don't march in step
		}
	}
}

// method returns how the directory that is there now is locked, and if that is
// not by the system, why.
func (l *locker) method() (LockMethod, error) {
	info, err := os.Lstat(l.dir)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || l.probed == nil || !os.SameFile(info, l.probed):
		return LockUnknown, nil
	case l.problem != nil:
		return LockFile, l.problem
	default:
		return LockSystem, nil
	}
}

// first takes the lock and finds out meanwhile whether it is one: a second
// attempt, from a handle of its own, has to be kept out.
func (l *locker) first() (unlock func(), err error) {
	dir, err := os.Lstat(l.dir)
	if err != nil {
		return nil, err
	}
	lock, err := l.attempt()
	switch {
	case useless(err):
		l.settle(dir, err)
		return nil, nil
	case err != nil:
		return nil, err
	case lock == nil:
		l.settle(dir, nil) // this very attempt was kept out
		return nil, nil
	}
	second, err := l.attempt()
	switch {
	case useless(err):
		l.settle(dir, err)
	case err != nil:
		_ = lock.Unlock()
		return nil, err
	case second != nil:
		_ = second.Unlock()
		if l.current(lock) { // else they locked two files
			l.settle(dir, errNotExclusive)
		}
	default:
		l.settle(dir, nil)
		return func() { _ = lock.Unlock() }, nil
	}
	_ = lock.Unlock()
	return nil, nil
}

// errNotExclusive: the system's lock can be held twice.
var errNotExclusive = &errors.Error{Kind: errors.Unsupported, Err: errors.New("two holders of one lock are possible")}

// useless reports whether err says that the file system has no locks: it comes
// from locking a file and not from opening it, and won't pass.
func useless(err error) bool {
	switch {
	case err == nil, errors.Is(err, syscall.EINTR):
		return false
	case errors.Of(err) == errors.Invalid, errors.Of(err) == errors.Limit:
		return false
	}
	_, opening := errors.AsType[*fs.PathError](err)
	return !opening || errors.Is(err, errors.ErrUnsupported)
}

// settle keeps what was found out about dir.
func (l *locker) settle(dir fs.FileInfo, problem error) {
	l.mu.Lock()
	known := l.probed != nil && os.SameFile(dir, l.probed)
	if !known {
		l.probed, l.problem = dir, problem
	}
	l.mu.Unlock()
	if problem != nil && !known {
		l.log.Warn("file locks don't work here; using a lock file instead", "dir", l.dir, "err", problem.Error())
	}
}

func (l *locker) again() (unlock func(), err error) {
	lock, err := l.attempt()
	if lock == nil {
		return nil, err
	}
	return func() { _ = lock.Unlock() }, nil
}

// attempt holds the lock only if it is still the one that others find: the
// directory may have been deleted and made again.
func (l *locker) attempt() (held, error) {
	path := filepath.Join(l.dir, lockName)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, notRegular(info.Mode())
	}
	lock, err := l.try(path)
	if lock == nil || err != nil {
		return nil, err
	}
	if !l.current(lock) {
		return nil, lock.Unlock()
	}
	return lock, nil
}

func (l *locker) current(lock held) bool {
	is, err := lock.Stat()
	if err != nil {
		return false
	}
	found, err := os.Lstat(filepath.Join(l.dir, lockName))
	return err == nil && os.SameFile(is, found)
}

// tryFlock is the systemLock. Each call opens the file anew.
func tryFlock(path string) (held, error) {
	file := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|openFlags))
	taken, err := file.TryLock()
	if err != nil || !taken {
		return nil, err
	}
	return file, nil
}

func notRegular(mode fs.FileMode) error {
	switch {
	case mode&fs.ModeSymlink != 0:
		return invalid("it is a symbolic link")
	case mode.IsDir():
		return invalid("it is a directory")
	default:
		return invalid("it is not a regular file (%v)", mode.Type())
	}
}
