package discovery

import (
	"fmt"
	"os"

	"github.com/fsnotify/fsnotify"
	"github.com/standardbeagle/brum/errors"
)

// notifier delivers changes in a directory. Its zero value delivers none.
type notifier struct {
	events <-chan fsnotify.Event
	errors <-chan error
	// watching reports whether the directory is still being watched: the
	// system drops it with the directory.
	watching func() bool
	close    func() error
}

func systemNotifier(dir string) (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return notifier{}, fmt.Errorf("watch %s: %w", dir, err)
	}
	if err := w.Add(dir); err != nil {
		_ = w.Close()
		return notifier{}, fmt.Errorf("watch %s: %w", dir, err)
	}
	return notifier{events: w.Events, errors: w.Errors,
		watching: func() bool { return len(w.WatchList()) > 0 }, close: w.Close}, nil
}

func (n notifier) armed() bool { return n.watching != nil && n.watching() }

func (n notifier) stop() {
	if n.close != nil {
		_ = n.close()
	}
}

// Files that are written only to be notified of. They stay until that has
// happened: where directories are compared, one that came and went was never
// there. They are swept like other temporary files.
func probePrefix() string { return fmt.Sprintf("%sp%d-probe-", tempPrefix, os.Getpid()) }

// writeProbe makes such a file and returns its path.
func writeProbe(dir string) (string, error) {
	file, err := os.CreateTemp(dir, probePrefix()+"*")
	if err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

const raiseLimits = "changes are noticed by looking; see the system's limits for watches"

// unheard is the error for a directory whose changes are not notified.
func unheard(dir string, err error) error {
	if err == nil {
		err = &errors.Error{Kind: errors.Unsupported, Err: errors.New("a file was written and nothing was heard of it")}
	}
	return &DirError{Path: dir, Problem: "does not notify of changes", Fix: raiseLimits, Err: err}
}

// sharedDir is the error for a directory whose changes by others are not notified.
func sharedDir(dir, fileSystem string) error {
	return &DirError{Path: dir, Problem: "is on " + fileSystem + ", which does not notify of what other machines change",
		Fix: "set " + EnvDir + " to a directory on a local file system", Err: errors.Unsupported}
}
