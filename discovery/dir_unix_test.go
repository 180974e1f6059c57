//go:build unix

package discovery

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/standardbeagle/brum/errors"
)

// expectDirError opens dir and wants an error that names it and the way out.
func expectDirError(t *testing.T, dir, problem string) {
	t.Helper()
	_, err := Open(Config{Dir: dir, Log: quiet()})
	e, ok := errors.AsType[*DirError](err)
	if !ok || !strings.Contains(e.Problem, problem) || e.Fix == "" || !strings.Contains(err.Error(), e.Path) ||
		!strings.HasPrefix(dir, e.Path) || errors.IsTemporary(err) {
		t.Errorf("%s: %v; want one that says %q", dir, err, problem)
	}
}

func TestA5_modes(t *testing.T) {
	old := syscall.Umask(0) // nothing may depend on it
	defer syscall.Umask(old)
	r := open(t, Config{})
	register(t, r, "a")
	for path, want := range map[string]os.FileMode{
		r.Dir():                          0o700,
		filepath.Dir(r.Dir()):            0o700,
		pathOf(r.Dir(), "a"):             0o600,
		filepath.Join(r.Dir(), lockName): 0o600,
	} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %#o, want %#o", path, got, want)
		}
		if uid, _ := owner(info); uid != os.Geteuid() {
			t.Errorf("%s belongs to %d", path, uid)
		}
	}
}

func TestA5_open_directory_is_refused(t *testing.T) {
	for _, mode := range []os.FileMode{0o755, 0o770, 0o711, 0o777} {
		dir := filepath.Join(t.TempDir(), "instances")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		expectDirError(t, dir, "mode")
	}
	above := filepath.Join(t.TempDir(), "above")
	if err := os.MkdirAll(filepath.Join(above, "instances"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(above, 0o777); err != nil {
		t.Fatal(err)
	}
	expectDirError(t, filepath.Join(above, "instances"), "written by everyone")
}

func TestA5_directory_of_another_user(t *testing.T) {
	dir := "/" // root's, or else not to be written by this user's tests
	if os.Geteuid() == 0 {
		dir = filepath.Join(t.TempDir(), "instances")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	expectDirError(t, dir, "belongs to user")
	if os.Geteuid() == 0 {
		expectDirError(t, filepath.Join(dir, "below"), "belongs to user")
	}
}

func TestA5_links_are_not_followed(t *testing.T) {
	real := open(t, Config{})
	register(t, real, "a")
	link := filepath.Join(t.TempDir(), "instances")
	if err := os.Symlink(real.Dir(), link); err != nil {
		t.Fatal(err)
	}
	expectDirError(t, link, "symbolic link")

	r := open(t, Config{})
	if err := os.Symlink(pathOf(real.Dir(), "a"), pathOf(r.Dir(), "a")); err != nil {
		t.Fatal(err)
	}
	if list, err := r.List(t.Context()); err != nil || len(list) != 0 || r.Stats().FilesSkipped != 1 {
		t.Errorf("a linked file: %v, %v, %+v", list, err, r.Stats())
	}

	// A write replaces a link and leaves alone what it points to.
	victim := filepath.Join(t.TempDir(), "victim")
	writeFile(t, victim, "precious")
	if err := os.Symlink(victim, pathOf(r.Dir(), "b")); err != nil {
		t.Fatal(err)
	}
	register(t, r, "b")
	if info, err := os.Lstat(pathOf(r.Dir(), "b")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if got, _ := os.ReadFile(victim); string(got) != "precious" {
		t.Errorf("the link's target became %q", got)
	}

	lockPath := filepath.Join(r.Dir(), lockName)
	if err := os.Remove(lockPath); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, lockPath); err != nil {
		t.Fatal(err)
	}
	_, err := r.Register(t.Context(), sample("c", endpoint(t)))
	if e, ok := errors.AsType[*FileError](err); !ok || e.Path != lockPath {
		t.Errorf("a linked lock: %v", err)
	}
}

// Neither blocks a reader for ever nor is it read.
func TestA5_pipe_in_place_of_a_file(t *testing.T) {
	r := open(t, Config{})
	if err := syscall.Mkfifo(pathOf(r.Dir(), "a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := r.List(t.Context()); err != nil || len(list) != 0 || r.Stats().FilesSkipped != 1 {
		t.Errorf("%v, %v, %+v", list, err, r.Stats())
	}
}

func TestA5_files_of_others_are_not_read(t *testing.T) {
	r := open(t, Config{})
	writeFile(t, pathOf(r.Dir(), "writable"), legacy("writable", os.Getpid()))
	if err := os.Chmod(pathOf(r.Dir(), "writable"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := uint64(1)
	if os.Geteuid() == 0 {
		writeFile(t, pathOf(r.Dir(), "foreign"), legacy("foreign", os.Getpid()))
		if err := os.Chown(pathOf(r.Dir(), "foreign"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		want++
	}
	if list, err := r.List(t.Context()); err != nil || len(list) != 0 || r.Stats().FilesSkipped != want {
		t.Errorf("%v, %v, %+v", list, err, r.Stats())
	}
}
