package discovery

import (
	"fmt"

	"github.com/fsnotify/fsnotify"
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
