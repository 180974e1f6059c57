package discovery

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const lockName = ".discovery.lock"

// lock takes the directory's lock, which the system releases when its holder
// dies. It waits until ctx ends, then returns a *LockError. Each call opens the
// lock file anew, so that goroutines exclude each other like processes do.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	const shortest, longest = time.Millisecond, 20 * time.Millisecond
	path := filepath.Join(dir, lockName)
	began := time.Now()
	for pause := shortest; ; pause = min(2*pause, longest) {
		if err := ctx.Err(); err != nil {
			return nil, &LockError{Path: path, Waited: time.Since(began), Err: err}
		}
		file, taken, err := tryLock(path)
		if err != nil {
			return nil, &FileError{Path: path, Err: err}
		}
		if taken {
			return func() { _ = file.Unlock() }, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): // so that waiters don't march in step
		}
	}
}

// tryLock holds the lock only if it is still the one that others find at path:
// the directory may have been deleted and made again.
func tryLock(path string) (*flock.Flock, bool, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, false, notRegular(info.Mode())
	}
	file := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|openFlags))
	taken, err := file.TryLock()
	if err != nil {
		return nil, false, err
	}
	if !taken {
		return nil, false, nil
	}
	if !current(file, path) {
		return nil, false, file.Unlock()
	}
	return file, true, nil
}

func current(file *flock.Flock, path string) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	found, err := os.Lstat(path)
	return err == nil && os.SameFile(held, found)
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
