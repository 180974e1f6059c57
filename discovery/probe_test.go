package discovery

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/standardbeagle/brum/errors"
)

func TestM2_probe(t *testing.T) {
	r := open(t, Config{})
	got, err := Probe(within(t, 10e9), r.Dir())
	if err != nil || got.Lock != nil || got.Notify != nil || got.NotifyAfter <= 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if left, _ := os.ReadDir(r.Dir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Probe(t.Context(), filepath.Join(r.Dir(), "missing")); errors.Of(err) != errors.NotFound {
		t.Errorf("a missing directory: %v", err)
	}
}

// A lock that cannot be had, or that excludes nobody, is found out.
func TestM2_probe_lock(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, lockName)
	unlock, err := lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := probeLock(path); err == nil {
		t.Error("a lock that somebody holds was given")
	}
	unlock()
	if err := probeLock(path); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if e, ok := errors.AsType[*FileError](probeLock(path)); !ok || e.Path != path {
		t.Errorf("%v", e)
	}
}

func TestM2_probe_notify(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := probeNotify(ctx, t.TempDir()); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := probeNotify(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing directory is watched")
	}
}

func TestCheck(t *testing.T) {
	r := open(t, Config{})
	if err := Check(r.Dir()); err != nil {
		t.Error(err)
	}
	missing := filepath.Join(r.Dir(), "missing")
	if _, ok := errors.AsType[*DirError](Check(missing)); !ok || !errors.Is(Check(missing), fs.ErrNotExist) {
		t.Errorf("%v", Check(missing))
	}
	if _, err := os.Lstat(missing); err == nil {
		t.Error("Check makes directories")
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(r.Dir(), 0o750); err != nil {
		t.Fatal(err)
	}
	if errors.Of(Check(r.Dir())) != errors.Permission {
		t.Errorf("%v", Check(r.Dir()))
	}
}

// Inspect shows what a list leaves out, and changes nothing.
func TestInspect(t *testing.T) {
	r := open(t, Config{})
	register(t, r, "a")
	junk := pathOf(r.Dir(), "junk")
	if err := os.WriteFile(junk, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := Inspect(t.Context(), r.Dir())
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, i := range list {
		_, bad := errors.AsType[*FileError](i.Err)
		if bad != (i.ID == "junk") || i.Err == nil && (i.Instance.ID != "a" || i.Instance.Liveness() != Alive) {
			t.Errorf("%+v", i)
		}
	}
	if _, err := os.Lstat(junk); err != nil {
		t.Error(err)
	}
	if _, err := Inspect(t.Context(), filepath.Join(r.Dir(), "missing")); err == nil {
		t.Error("a missing directory was inspected")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Inspect(ctx, r.Dir()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
