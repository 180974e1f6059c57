package journal

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	kinds "github.com/standardbeagle/brum/errors"
)

func noFiles(op, path string) error { return &os.PathError{Op: op, Path: path, Err: syscall.EMFILE} }

// While there are no file descriptors the journal goes on in the segment it has, and begins new
// ones as soon as there are some.
func TestK3_JournalOutlastsALackOfFiles(t *testing.T) {
	var exhausted atomic.Bool
	fs := &faultFS{fileSystem: osFS{}, at: func(_ int, op string) fault {
		if exhausted.Load() && (op == "create" || op == "open" || op == "syncdir") {
			return fault{err: noFiles("open", "some file")}
		}
		return fault{}
	}}
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, smallOptions(fs))
	defer func() { closing(t, j) }()
	next := uint64(0)
	write := func(bytes int) {
		t.Helper()
		for written := 0; written < bytes; {
			m := message(next)
			n, err := j.Append(t.Context(), "s", m)
			if err != nil || n != next {
				t.Fatal(n, next, err)
			}
			next, written = next+1, written+len(m)
		}
	}
	segments := func() int {
		paths, _ := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
		return len(paths)
	}
	for range 3 {
		write(6 << 10)
		before := segments()
		exhausted.Store(true)
		write(6 << 10)
		if n := segments(); n > before {
			t.Fatalf("%d segments, %d before: new ones were made of nothing", n, before)
		}
		exhausted.Store(false)
		write(6 << 10)
		if n := segments(); n <= before {
			t.Errorf("%d segments, %d before: no new one was begun afterwards", n, before)
		}
	}
	closing(t, j)
	j = mustOpen(t, dir, nil)
	seen := uint64(0)
	for r, err := range j.Replay("s", 0) {
		if err != nil || r.Index != seen || string(r.Payload) != string(message(seen)) {
			t.Fatal(r.Index, seen, err)
		}
		seen++
	}
	if seen != next {
		t.Errorf("%d records of %d", seen, next)
	}
}

// In the middle of beginning a segment it tries again for a moment.
func TestK3_JournalInsists(t *testing.T) {
	for _, op := range []string{"open", "syncdir"} {
		left := 0
		fs := &faultFS{fileSystem: osFS{}}
		fs.at = func(_ int, got string) fault {
			if got == op && left > 0 {
				left--
				return fault{err: noFiles(op, "some file")}
			}
			return fault{}
		}
		j := mustOpen(t, filepath.Join(t.TempDir(), "j"), smallOptions(fs))
		fs.mu.Lock()
		left = 3
		fs.mu.Unlock()
		for i := range uint64(100) {
			if _, err := j.Append(t.Context(), "s", message(i)); err != nil {
				t.Fatal(op, i, err)
			}
		}
		if left != 0 {
			t.Errorf("%s: not tried", op)
		}
		closing(t, j)
	}
}

// A segment does not grow for ever; then the journal fails, and says for want of what.
func TestK3_AnOvergrownSegmentFails(t *testing.T) {
	var exhausted atomic.Bool
	fs := &faultFS{fileSystem: osFS{}, at: func(_ int, op string) fault {
		if exhausted.Load() && op == "create" {
			return fault{err: noFiles("create", "some file")}
		}
		return fault{}
	}}
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, smallOptions(fs))
	defer j.Close()
	if _, err := j.Append(t.Context(), "s", nil); err != nil {
		t.Fatal(err)
	}
	exhausted.Store(true)
	var err error
	total := 0
	for i := uint64(0); err == nil; i++ {
		if total += len(message(i)); total > 2*overgrown*4096 {
			t.Fatal("a segment grows for ever")
		}
		_, err = j.Append(t.Context(), "s", message(i))
	}
	if !kinds.Is(err, ErrFailed) || kinds.Of(err) != kinds.Limit {
		t.Errorf("%v", err)
	}
}
