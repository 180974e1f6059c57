package discovery

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// disk fails to make files as long as it has a fault.
type disk struct{ fault atomic.Pointer[error] }

func (d *disk) fail(err error) { d.fault.Store(&err) }
func (d *disk) mend()          { d.fault.Store(nil) }

func (d *disk) createTemp(dir string) (*os.File, error) {
	if fault := d.fault.Load(); fault != nil {
		return nil, &fs.PathError{Op: "open", Path: filepath.Join(dir, tempPrefix), Err: *fault}
	}
	return createTemp(dir)
}

func TestA6_typed_errors(t *testing.T) {
	var d disk
	r := open(t, Config{createTemp: d.createTemp})
	reg := register(t, r, "a")
	path := pathOf(r.Dir(), "a")
	before, err := os.ReadFile(path)
	fatal(t, err)
	for _, kind := range []errors.Kind{errors.DiskFull, errors.Permission, errors.Limit} {
		d.fail(kind)
		err := reg.Heartbeat(t.Context())
		if file, ok := errors.AsType[*FileError](err); !ok || file.Path != path || errors.Of(err) != kind || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v", kind, err)
		}
		if _, err := r.Register(t.Context(), sample("b", endpoint(t))); errors.Of(err) != kind || !strings.Contains(err.Error(), pathOf(r.Dir(), "b")) {
			t.Errorf("%v: %v", kind, err)
		}
		h := r.Health(t.Context())
		if file, ok := errors.AsType[*FileError](h.Write); !ok || !strings.HasPrefix(file.Path, r.Dir()) || errors.Of(h.Write) != kind || h.OK() {
			t.Errorf("%v: %v", kind, h)
		}
	}
	after, err := os.ReadFile(path)
	fatal(t, err)
	if string(after) != string(before) {
		t.Errorf("the file was changed to %s", after)
	}
	if left := names(t, r.Dir()); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

// What nobody may write, root included, as the mode is compared.
func TestA6_directory_without_rights(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean little there; see TestA5_access_lists")
	}
	r := open(t, Config{})
	reg := register(t, r, "a")
	fatal(t, os.Chmod(r.Dir(), 0o500))
	t.Cleanup(func() { os.Chmod(r.Dir(), 0o700) })
	err := reg.Heartbeat(t.Context())
	if dir, ok := errors.AsType[*DirError](err); !ok || dir.Path != r.Dir() || errors.Of(err) != errors.Permission {
		t.Errorf("%v", err)
	}
	if h := r.Health(t.Context()); h.Problem == nil || h.OK() || !strings.Contains(h.String(), r.Dir()) {
		t.Errorf("%v", h)
	}
	if os.Geteuid() == 0 {
		return // may make directories anywhere
	}
	above := filepath.Dir(r.Dir())
	fatal(t, os.Chmod(r.Dir(), 0o700))
	fatal(t, os.RemoveAll(r.Dir()))
	fatal(t, os.Chmod(above, 0o500))
	t.Cleanup(func() { os.Chmod(above, 0o700) })
	err = reg.Heartbeat(t.Context())
	if dir, ok := errors.AsType[*DirError](err); !ok || dir.Path != r.Dir() || errors.Of(err) != errors.Permission {
		t.Errorf("a missing directory that can't be made: %v", err)
	}
}

func TestA6_backs_off_and_recovers(t *testing.T) {
	dir := testDir(t)
	here := whereAmI()
	synctest.Test(t, func(t *testing.T) {
		var d disk
		var log syncBuffer
		var attempts atomic.Int32
		r := open(t, Config{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil)), createTemp: func(dir string) (*os.File, error) {
			attempts.Add(1)
			return d.createTemp(dir)
		}})
		i := sample("a", 7777)
		i.StartedAt, i.LastPing, i.Process, i.Host = time.Now(), time.Now(), here.process, here.host
		reg := &Registration{registry: r, instance: i, edition: 1, done: make(chan struct{})}
		d.fail(errors.DiskFull)
		ran := make(chan error, 1)
		go func() { ran <- reg.Run(t.Context()) }()

		const outage = 10 * time.Minute
		time.Sleep(outage / 2)
		d.fail(errors.Permission)
		time.Sleep(outage / 2)
		if n, most := int(attempts.Load()), int(outage/longestRetry); n < most/2 || n > most+10 {
			t.Errorf("%d attempts in %v", n, outage)
		}
		d.mend()
		time.Sleep(longestRetry + r.config.Check)
		if !exists(pathOf(dir, "a")) {
			t.Error("not written although the disk has room")
		}
		if text := log.String(); strings.Count(text, "trying again") != 2 || strings.Count(text, "kind=\"disk full\"") != 1 ||
			strings.Count(text, "kind=permission") != 1 || strings.Count(text, "written again") != 1 || !strings.Contains(text, pathOf(dir, "a")) {
			t.Errorf("the log: %s", text)
		}
		fatal(t, reg.Unregister(t.Context()))
		fatal(t, <-ran)
	})
}

// What can't be written leaves nothing behind, which on a full disk would only grow.
func TestA6_half_written_files_do_not_stay(t *testing.T) {
	r := open(t, Config{createTemp: func(dir string) (*os.File, error) {
		file, err := createTemp(dir)
		if err != nil {
			return nil, err
		}
		fatal(t, file.Close())
		return os.Open(file.Name()) // which can't be written
	}})
	reg := &Registration{registry: r, instance: sample("a", 7777), edition: 1, done: make(chan struct{})}
	if err := reg.write(t.Context(), create); err == nil || !strings.Contains(err.Error(), pathOf(r.Dir(), "a")) {
		t.Errorf("%v", err)
	}
	if r.tryWriting() == nil {
		t.Error("no problem with writing")
	}
	if left := names(t, r.Dir()); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}
