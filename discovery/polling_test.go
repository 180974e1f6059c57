package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/standardbeagle/brum/errors"
)

// follow prints what the directory's health says and then how many instances there are,
// whenever that changes.
func follow(args []string) error {
	r, err := Open(Config{Dir: args[0], Log: quiet(), Check: 20 * time.Millisecond, Scan: time.Hour})
	if err != nil {
		return err
	}
	w, err := r.Watch(context.Background())
	if err != nil {
		return err
	}
	h := r.Health(context.Background())
	fmt.Printf("%v, %v\n", h.Lock, h.Watch)
	go func() {
		<-stdinClosed
		w.Close()
	}()
	for {
		if _, err := w.Next(context.Background()); err != nil {
			return nil // as told
		}
		fmt.Println(len(w.Instances()))
	}
}

// A notification that is set up and says nothing is found out, and one that begins to speak, too.
func TestM2_notification_that_delivers_nothing(t *testing.T) {
	var log syncBuffer
	s := newScript()
	r := open(t, Config{Check: 10 * time.Millisecond, Scan: time.Hour, notify: s.notify, Log: slog.New(slog.NewTextHandler(&log, nil))})
	w := watch(t, r)
	reg := register(t, r, "a")
	expect(t, w, Added, "a")
	fatal(t, reg.Update(t.Context(), func(i *Instance) { i.Name = "new" }))
	expect(t, w, Updated, "a")
	if r.Stats().Polls < 2 {
		t.Errorf("%+v", r.Stats())
	}
	eventually(t, "that is said", func() bool { return strings.Contains(log.String(), "are not notified") })

	s.events <- fsnotify.Event{Name: r.Dir() + "/.x", Op: fsnotify.Create}
	eventually(t, "that it works is said", func() bool { return strings.Contains(log.String(), "notifies of changes again") })
	polls := r.Stats().Polls
	fatal(t, reg.Heartbeat(t.Context()))
	checked(t, r)
	if now := r.Stats().Polls; now > polls+1 { // one may have been under way
		t.Errorf("%d polls although there is notification", now-polls)
	}
	if n := strings.Count(log.String(), "are not notified"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// checked waits until the watcher has begun and ended a check.
func checked(t *testing.T, r *Registry) {
	t.Helper()
	before := r.Stats().Checks
	eventually(t, "a check", func() bool { return r.Stats().Checks >= before+2 })
}

// Where notification works nothing is polled, and the probe does not stay.
func TestM2_notification_that_works(t *testing.T) {
	r := open(t, Config{Check: 5 * time.Millisecond, Scan: time.Hour})
	w := watch(t, r)
	eventually(t, "the probe is heard", func() bool {
		entries, err := os.ReadDir(r.Dir())
		return err == nil && len(entries) == 0
	})
	checked(t, r)
	before := r.Stats().Polls
	register(t, r, "a")
	expect(t, w, Added, "a")
	checked(t, r)
	if now := r.Stats().Polls; now != before {
		t.Errorf("%d polls", now-before)
	}
	if h := r.Health(t.Context()); !h.OK() || h.Watch != WatchNotified || h.Lock != LockSystem || h.FileSystem == "" {
		t.Errorf("%v", h)
	}
	if left := names(t, r.Dir()); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

// What other machines change on a shared file system is seen, too.
func TestM2_shared_file_system(t *testing.T) {
	for name, notify := range map[string]func(string) (notifier, error){
		"notified of this machine's": nil,
		"not notified at all":        newScript().notify,
		"not to be watched":          func(string) (notifier, error) { return notifier{}, errors.Limit },
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, Config{Check: 5 * time.Millisecond, Scan: time.Hour, notify: notify,
				fileSystem: func(string) (string, bool) { return "nfs", true }})
			w := watch(t, r)
			register(t, r, "a")
			expect(t, w, Added, "a")
			eventually(t, "a change is polled", func() bool { return r.Stats().Polls > 0 })
			h := r.Health(t.Context())
			dir, ok := errors.AsType[*DirError](h.WatchProblem)
			if !ok || dir.Path != r.Dir() || h.Watch != WatchPolled || !h.Shared || h.OK() || !strings.Contains(h.String(), "nfs") {
				t.Errorf("%v", h)
			}
		})
	}
}

// Changes within one tick of the directory's clock are seen at the check after.
func TestM2_poll_settles(t *testing.T) {
	var p poll
	now := time.Now()
	for n, step := range []struct {
		scan    bool
		t       time.Time
		changed bool
	}{
		{false, now, true}, {true, now, true}, {true, now, false},
		{false, now.Add(1), true}, {true, now.Add(1), true}, {true, now.Add(1), false}, {false, now, true},
	} {
		if step.scan {
			p.scanned(step.t)
		}
		if got := p.changed(step.t); got != step.changed {
			t.Errorf("step %d: %v", n, got)
		}
	}
}
