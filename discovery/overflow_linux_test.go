package discovery

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// The kernel's own queue overflows while the watcher does not read it.
func TestC2_real_overflow(t *testing.T) {
	data, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	fatal(t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(data)))
	fatal(t, err)

	gate := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(gate) })
	defer letGo()
	r := open(t, Config{Check: time.Hour, Scan: time.Hour, notify: func(dir string) (notifier, error) {
		n, err := systemNotifier(dir)
		if err != nil {
			return n, err
		}
		events := make(chan fsnotify.Event)
		from, closing, stop := n.events, n.close, make(chan struct{})
		n.close = sync.OnceValue(func() error {
			close(stop)
			return closing()
		})
		go func() {
			<-gate
			for {
				select {
				case event := <-from:
					// The new file's own notification is kept back: only the overflow tells.
					if filepath.Base(event.Name) == "late.json" {
						continue
					}
					select {
					case events <- event:
					case <-stop:
						return
					}
				case <-stop:
					return
				}
			}
		}()
		n.events = events
		return n, nil
	}})
	w := watch(t, r)
	two := [2]string{r.Dir() + "/.one", r.Dir() + "/.two"} // equal notifications in a row would be merged
	for _, path := range two {
		writeFile(t, path, "")
	}
	for n := range 2 * most { // some are on their way already
		fatal(t, os.Chmod(two[n%2], 0o600))
	}
	writeFile(t, pathOf(r.Dir(), "late"), legacy("late", os.Getpid()))
	letGo()
	expect(t, w, Added, "late")
	if s := r.Stats(); s.NotifyOverflows == 0 || s.Armed != 1 {
		t.Errorf("%+v", s)
	}
}
