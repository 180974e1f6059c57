package discovery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// ProbeResult says what of a file system brum can rely on.
type ProbeResult struct {
	Lock        error // nil: locks exclude one another
	Notify      error // nil: changes are notified. Without, directories are looked at regularly
	NotifyAfter time.Duration
}

// Probe tries, in a directory of its own below dir, which has to be there, whether locks and
// notifications work. Notifications are waited for until ctx ends. The error says that nothing
// could be tried: the file system is full or read-only, for example.
func Probe(ctx context.Context, dir string) (ProbeResult, error) {
	var result ProbeResult
	probe, err := os.MkdirTemp(dir, ".probe-")
	if err != nil {
		return result, &DirError{Path: dir, Problem: "can't be written", Fix: elsewhere, Err: err}
	}
	defer os.RemoveAll(probe)
	result.Lock = probeLock(filepath.Join(probe, lockName))
	result.NotifyAfter, result.Notify = probeNotify(ctx, probe)
	return result, nil
}

// probeLock takes a lock and tries to take it again, over another handle, as another process
// would.
func probeLock(path string) error {
	first, taken, err := tryLock(path)
	if err != nil {
		return &FileError{Path: path, Err: err}
	}
	if !taken {
		return &FileError{Path: path, Err: errors.New("a lock that nobody holds was not given")}
	}
	second, taken, err := tryLock(path)
	if err == nil && taken {
		err = errors.Join(errors.New("two holders were given one lock"), second.Unlock())
	}
	if err = errors.Join(err, first.Unlock()); err != nil {
		return &FileError{Path: path, Err: err}
	}
	third, taken, err := tryLock(path)
	if err == nil && !taken {
		err = errors.New("a lock that was given back is not free")
	}
	if err != nil {
		return &FileError{Path: path, Err: err}
	}
	return third.Unlock()
}

// probeNotify says how long it takes until a new file is notified.
func probeNotify(ctx context.Context, dir string) (time.Duration, error) {
	n, err := systemNotifier(dir)
	if err != nil {
		return 0, err
	}
	defer n.stop()
	path := filepath.Join(dir, "file")
	began := time.Now()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return 0, &FileError{Path: path, Err: err}
	}
	for {
		select {
		case e, open := <-n.events:
			if !open {
				return 0, fmt.Errorf("watch %s: it ended by itself", dir)
			}
			if filepath.Base(e.Name) == filepath.Base(path) {
				return time.Since(began), nil
			}
		case err := <-n.errors:
			return 0, fmt.Errorf("watch %s: %w", dir, err)
		case <-ctx.Done():
			return 0, fmt.Errorf("watch %s: a new file was not notified: %w", dir, ctx.Err())
		}
	}
}
