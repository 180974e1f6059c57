package discovery

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/standardbeagle/brum/errors"
)

// script is a notification that a test drives.
type script struct {
	events chan fsnotify.Event
	errors chan error
}

func newScript() *script {
	return &script{make(chan fsnotify.Event), make(chan error)}
}

func (s *script) notify(string) (notifier, error) {
	return notifier{events: s.events, errors: s.errors, watching: func() bool { return true }}, nil
}

func TestC1_muted_notification(t *testing.T) {
	dir := testDir(t)
	here := whereAmI() // reads files: outside the bubble
	synctest.Test(t, func(t *testing.T) {
		r := open(t, Config{Dir: dir, notify: newScript().notify}) // the default intervals, in virtual time
		w, err := r.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		i := sample("a", 7777)
		i.StartedAt, i.LastPing, i.Process, i.Host = time.Now(), time.Now(), here.process, here.host
		if err := r.replace(t.Context(), i, always); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		expect30(t, w, Added, "a")
		if err := os.Remove(pathOf(dir, "a")); err != nil {
			t.Fatal(err)
		}
		added := time.Now()
		expect30(t, w, Removed, "a")
		if a, b := added.Sub(began), time.Since(added); a > 30*time.Second || b > 30*time.Second {
			t.Errorf("seen after %v and %v", a, b)
		}
	})
}

// expect30 waits for the next event, for 31 s at most.
func expect30(t *testing.T, w *Watcher, change Change, id string) {
	t.Helper()
	event, err := w.Next(within(t, 31*time.Second))
	if err != nil || event.Change != change || event.Instance.ID != id {
		t.Fatalf("got %s %s, %v; want %s %s", event.Instance.ID, event.Change, err, id, change)
	}
}

func TestC1_notification_unavailable(t *testing.T) {
	var log syncBuffer
	broken := errors.New("no more watches")
	r := open(t, Config{Check: 5 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil)),
		notify: func(string) (notifier, error) { return notifier{}, broken }})
	w := watch(t, r)
	reg := register(t, r, "a")
	expect(t, w, Added, "a") // long before the scan: the directory's time has changed
	for range 3 {
		if err := reg.Heartbeat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	reg.Unregister(t.Context())
	expect(t, w, Removed, "a")
	if n := strings.Count(log.String(), "can't be watched"); n != 1 || r.Stats().NotifyErrors == 0 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}

func TestC1_notified(t *testing.T) {
	r := open(t, Config{Check: time.Hour, Scan: time.Hour}) // the system's notification alone
	w := watch(t, r)
	reg := register(t, r, "a")
	got := expect(t, w, Added, "a")
	if got != reg.Instance() {
		t.Errorf("got %+v\nwant %+v", got, reg.Instance())
	}
	if err := reg.Update(t.Context(), func(i *Instance) { i.Name = "new" }); err != nil {
		t.Fatal(err)
	}
	if got := expect(t, w, Updated, "a"); got.Name != "new" {
		t.Errorf("%q", got.Name)
	}
	reg.Unregister(t.Context())
	expect(t, w, Removed, "a")
}

// A heartbeat wakes nobody, but its time is known.
func TestC1_heartbeat_wakes_nobody(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	w := watch(t, r)
	expect(t, w, Added, "a")
	for range 5 {
		if err := reg.Heartbeat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the watcher has read the last heartbeat", func() bool {
		list := w.Instances()
		return len(list) == 1 && list[0].LastPing.Equal(reg.Instance().LastPing)
	})
	other := register(t, r, "b")
	expect(t, w, Added, "b") // and nothing of a before it
	other.Unregister(t.Context())
}

func TestC1_slow_consumer(t *testing.T) {
	r := open(t, Config{})
	w := watch(t, r)
	for n := range 20 {
		reg := register(t, r, fmt.Sprintf("i%02d", n))
		for range 3 {
			if err := reg.Update(t.Context(), func(i *Instance) { i.Protocol.Max++ }); err != nil {
				t.Fatal(err)
			}
		}
		if n%2 == 0 {
			reg.Unregister(t.Context())
		}
	}
	eventually(t, "the watcher has seen it all", func() bool {
		list := w.Instances()
		for _, i := range list {
			if i.Protocol.Max != 5 {
				return false
			}
		}
		return len(list) == 10
	})
	for n := 1; n < 20; n += 2 {
		event, err := w.Next(within(t, 10*time.Second))
		if err != nil || event.Change != Added || event.Instance.Protocol.Max != 5 {
			t.Fatalf("%+v, %v", event, err)
		}
	}
}

func TestC1_ends(t *testing.T) {
	r := open(t, Config{})
	w := watch(t, r)
	if _, err := w.Next(within(t, time.Millisecond)); errors.Of(err) != errors.Timeout {
		t.Errorf("nothing happens: %v", err)
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := w.Next(context.Background())
		waiting <- err
	}()
	w.Close()
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	w.Close()
}

func TestC2_rescan_at_once(t *testing.T) {
	for name, trigger := range map[string]func(*Watcher, *script){
		"by the caller":  func(w *Watcher, _ *script) { w.Rescan() },
		"after overflow": func(_ *Watcher, s *script) { s.errors <- fmt.Errorf("x: %w", fsnotify.ErrEventOverflow) },
		"after an error": func(_ *Watcher, s *script) { s.errors <- errors.New("read failed") },
		"after its end":  func(_ *Watcher, s *script) { close(s.events) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			notify := s.notify
			r := open(t, Config{Check: time.Hour, Scan: time.Hour, notify: func(dir string) (notifier, error) {
				n, err := notify(dir)
				notify = newScript().notify // a later one is mute
				return n, err
			}})
			w := watch(t, r)
			register(t, r, "a")
			trigger(w, s)
			expect(t, w, Added, "a")
			stats := r.Stats()
			if (name == "after overflow") != (stats.NotifyOverflows == 1) || (name == "after an error") != (stats.NotifyErrors == 1) {
				t.Errorf("%+v", stats)
			}
			if rearmed := name == "after an error" || name == "after its end"; rearmed != (stats.Armed == 2) {
				t.Errorf("armed %d times", stats.Armed)
			}
		})
	}
}

func TestC3_directory_recreated(t *testing.T) {
	for name, recreate := range map[string]func(t *testing.T, dir string){
		"deleted":          func(*testing.T, string) {},
		"moved":            func(*testing.T, string) {},
		"deleted and made": func(t *testing.T, dir string) { _, err := prepare(dir); fatal(t, err) },
		"above deleted":    func(t *testing.T, dir string) { deleteAll(t, filepath.Dir(dir)) },
		"another in its place": func(t *testing.T, dir string) {
			fatal(t, os.Mkdir(dir+".new", 0o700))
			if err := os.Rename(dir+".new", dir); err != nil && !exists(dir) {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, Config{Scan: time.Hour, Check: 20 * time.Millisecond})
			w := watch(t, r)
			register(t, r, "a")
			expect(t, w, Added, "a")
			if name == "moved" {
				fatal(t, os.Rename(r.Dir(), r.Dir()+".moved"))
			} else {
				deleteAll(t, r.Dir())
			}
			recreate(t, r.Dir())
			expect(t, w, Removed, "a")
			eventually(t, "the directory is there again", func() bool { return exists(r.Dir()) })
			register(t, r, "b")
			expect(t, w, Added, "b")

			// It is the notification that works again, not only the check.
			armed := r.Stats().Armed
			if armed < 2 {
				t.Errorf("armed %d times", armed)
			}
		})
	}
}

// What happens in a directory that was made again is notified.
func TestC3_notified_afterwards(t *testing.T) {
	r := open(t, Config{Scan: time.Hour, Check: time.Hour})
	w := watch(t, r)
	deleteAll(t, r.Dir())
	eventually(t, "the directory is there again", func() bool { return r.Stats().Armed >= 2 })
	reg := register(t, r, "a")
	expect(t, w, Added, "a")
	reg.Unregister(t.Context())
	expect(t, w, Removed, "a")
}

// deleteAll deletes path, in which the watcher may be making a new directory.
func deleteAll(t *testing.T, path string) {
	t.Helper()
	eventually(t, "all is deleted", func() bool { return os.RemoveAll(path) == nil })
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestC5_skipped_once(t *testing.T) {
	var log syncBuffer
	r := open(t, Config{Check: time.Hour, Scan: time.Hour, Log: slog.New(slog.NewTextHandler(&log, nil))})
	w := watch(t, r)
	bad := map[string]string{
		"cut": `{"id":"cut"`, "types": `{"id":7}`, "future": `{"format":99}`, "other": legacy("good", os.Getpid()), "no id": legacy("x", os.Getpid()),
	}
	for id, content := range bad {
		writeFile(t, pathOf(r.Dir(), id), content)
	}
	fatal(t, os.Mkdir(pathOf(r.Dir(), "folder"), 0o700))
	register(t, r, "good")
	expect(t, w, Added, "good")
	rescan(t, r, w)
	rescan(t, r, w)
	for id := range bad {
		if n := skips(log.String(), id); n < 1 || n > 2 { // a file may be seen half-written, which is a version
			t.Errorf("%s: %d lines", id, n)
		}
	}
	if n := skips(log.String(), "folder"); n != 1 {
		t.Errorf("folder: %d lines", n)
	}
	before, stats := log.String(), r.Stats().FilesSkipped
	for range 3 {
		rescan(t, r, w)
	}
	if log.String() != before || r.Stats().FilesSkipped != stats || int(stats) != strings.Count(before, "instance file skipped") {
		t.Errorf("said again: %s", strings.TrimPrefix(log.String(), before))
	}

	writeFile(t, pathOf(r.Dir(), "cut"), `{"id":"cut", still`) // another version
	eventually(t, "the new version is logged", func() bool { return len(log.String()) > len(before) })
	writeFile(t, pathOf(r.Dir(), "cut"), legacy("cut", os.Getpid()))
	expect(t, w, Added, "cut")
	if len(w.Instances()) != 2 {
		t.Errorf("%v", w.Instances())
	}
}

func skips(log, id string) (n int) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "instance file skipped") && strings.Contains(line, id+".json") {
			n++
		}
	}
	return n
}

// rescan waits until the watcher has read the directory once more.
func rescan(t *testing.T, r *Registry, w *Watcher) {
	t.Helper()
	before := r.Stats().Checks
	w.Rescan()
	eventually(t, "a rescan", func() bool { return r.Stats().Checks > before })
}

// A garbled file does not end what is known about a living process; its death does.
func TestC5_known_instance_is_garbled(t *testing.T) {
	r := open(t, Config{})
	w := watch(t, r)
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	expect(t, w, Added, "a")
	writeFile(t, pathOf(r.Dir(), "a"), "garbled")
	rescan(t, r, w)
	if len(w.Instances()) != 1 || r.Stats().FilesSkipped == 0 {
		t.Errorf("%v, %+v", w.Instances(), r.Stats())
	}
	c.Process.Kill()
	expect(t, w, Removed, "a")
	rescan(t, r, w)
	rescan(t, r, w)
	if !exists(pathOf(r.Dir(), "a")) || r.Stats().InstancesGone != 0 {
		t.Error("a file that says nothing was removed")
	}
}

// The directory becoming unusable ends nothing either.
func TestC5_directory_unusable(t *testing.T) {
	r := open(t, Config{Check: 5 * time.Millisecond})
	w := watch(t, r)
	register(t, r, "a")
	expect(t, w, Added, "a")
	moved := r.Dir() + ".moved"
	fatal(t, os.Rename(r.Dir(), moved))
	for os.WriteFile(r.Dir(), []byte("x"), 0o600) != nil { // the watcher may have made it again
		deleteAll(t, r.Dir())
	}
	rescan(t, r, w)
	deleteAll(t, r.Dir())
	register(t, r, "b")
	eventually(t, "the watcher follows the new directory", func() bool {
		list := w.Instances()
		return len(list) > 0 && list[len(list)-1].ID == "b"
	})
}

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
