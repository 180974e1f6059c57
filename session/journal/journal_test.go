package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	kinds "github.com/standardbeagle/brum/errors"
)

func TestH5_everything_survives(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, nil)
	ctx := t.Context()
	id := Identity{Session: [16]byte{1}, Owner: [16]byte{2}, Local: 3, Peer: 4, Secret: []byte("secret")}
	end := Tombstone{Code: 7, Text: "done", Sent: 8, Received: 9}
	for i := range 3 {
		if n, err := j.Append(ctx, "s", message(uint64(i))); n != uint64(i) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := errors.Join(j.SetIdentity(ctx, id), j.RaiseMade(ctx, Fence{1, 5}), j.RaiseAccepted(ctx, Fence{2, 6}),
		j.CommitReceive(ctx, "r", cursorAt(5), []byte("app")), j.Trim("s", 2), j.End(ctx, end)); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "s", nil); err != ErrEnded {
		t.Error(err)
	}
	before := j.State()
	closing(t, j)
	if _, err := j.Append(ctx, "s", nil); err != ErrClosed {
		t.Error(err)
	}
	for range 2 {
		j = mustOpen(t, dir, nil)
		after := j.State()
		before.Generation++
		before.Recovery = Recovery{Records: 1}
		if diff := cmp.Diff(before, after); diff != "" || before.Made != (Fence{1, 5}) || before.Accepted != (Fence{2, 6}) ||
			before.End == nil || *before.End != end {
			t.Errorf("%s\n%+v", diff, after)
		}
		if err := j.SetIdentity(ctx, Identity{Session: [16]byte{9}}); kinds.Of(err) != kinds.Invalid {
			t.Error(err)
		}
		closing(t, j)
	}
}

func TestH5_marks_never_go_back(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, nil)
	ctx := t.Context()
	stale := func(err error) {
		t.Helper()
		if _, ok := errors.AsType[*StaleError](err); !ok || kinds.Of(err) != kinds.Superseded {
			t.Error(err)
		}
	}
	if err := errors.Join(j.RaiseAccepted(ctx, Fence{5, 5}), j.CommitReceive(ctx, "r", Cursor{5, 50}, nil)); err != nil {
		t.Fatal(err)
	}
	stale(j.RaiseAccepted(ctx, Fence{5, 5}))
	stale(j.RaiseAccepted(ctx, Fence{4, 9}))
	stale(j.CommitReceive(ctx, "r", Cursor{4, 40}, nil))
	stale(j.CommitReceive(ctx, "r", Cursor{5, 51}, nil))
	if err := j.CommitReceive(ctx, "r", Cursor{5, 50}, nil); err != nil {
		t.Error(err)
	}
	closing(t, j)
	_, err := Open(dir, &Options{Receive: map[string]Cursor{"r": {4, 40}}})
	stale(err)
	j = mustOpen(t, dir, &Options{Receive: map[string]Cursor{"r": {6, 60}, "new": {1, 2}}})
	closing(t, j)
	j = mustOpen(t, dir, nil)
	defer closing(t, j)
	if r, _ := j.Stream("r"); r.Receive != (Cursor{6, 60}) {
		t.Error(r)
	}
	if _, err := j.Append(ctx, "s", nil); err != nil {
		t.Fatal(err)
	}
	if err := j.Trim("s", 2); kinds.Of(err) != kinds.SessionLost {
		t.Error(err)
	}
}

func TestA3_one_process_holds_a_journal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, nil)
	_, err := Open(dir, nil)
	if held, ok := errors.AsType[*InUseError](err); !ok || held.PID != os.Getpid() || held.Path != dir ||
		time.Since(held.Since) > time.Minute || kinds.Of(err) != kinds.InUse {
		t.Error(err)
	}
	closing(t, j)
	closing(t, mustOpen(t, dir, nil))
}

func TestH5_private(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists are inherited from the directory there")
	}
	dir, paths := written(t, 1)
	for _, path := range []string{dir, paths[0], filepath.Join(dir, lockName)} {
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	for _, path := range []string{dir, paths[0]} {
		info, _ := os.Lstat(path)
		if err := os.Chmod(path, info.Mode().Perm()|0o040); err != nil {
			t.Fatal(err)
		}
		if a, ok := errors.AsType[*AccessError](openErr(dir)); !ok || a.Path != path || kinds.Of(a) != kinds.Permission {
			t.Error(path, a)
		}
		os.Chmod(path, info.Mode().Perm())
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if openErr(link) == nil {
		t.Error("followed a link")
	}
}

func openErr(dir string) error {
	j, err := Open(dir, nil)
	if err == nil {
		j.Close()
	}
	return err
}

func TestK2_limits(t *testing.T) {
	j := mustOpen(t, filepath.Join(t.TempDir(), "j"), &Options{MaxBytes: 10_000, MaxRecords: 60, MaxStreamBytes: 4000, MaxStreams: 4})
	defer closing(t, j)
	fill := func(stream string, size int) (n uint64, err error) {
		for err == nil {
			_, err = j.Append(t.Context(), stream, make([]byte, size))
		}
		st, _ := j.Stream(stream)
		if kinds.Of(err) != kinds.BufferFull {
			t.Errorf("%s: %v", stream, err)
		}
		return st.Sent.Next, err
	}
	a, _ := fill("a", 968)
	b, _ := fill("b", 968)
	c, err := fill("c", 968)
	if a != 4 || b != 4 || c != 2 {
		t.Error(a, b, c, err)
	}
	if err := j.Trim("a", 4); err != nil {
		t.Fatal(err)
	}
	if n, err := fill("d", 0); n != 54 { // 60 in all
		t.Error(n, err)
	}
	if _, err := j.Append(t.Context(), "e", nil); kinds.Of(err) != kinds.BufferFull && kinds.Of(err) != kinds.Limit {
		t.Error(err)
	}
	if err := j.CommitReceive(t.Context(), "e", Cursor{1, 1}, nil); kinds.Of(err) != kinds.Limit {
		t.Error(err)
	}
	if err := j.Forget(t.Context(), "d"); err != nil || j.State().Records != 6 {
		t.Error(err, j.State().Records)
	}
}

// All who come while a sync runs share the next one.
func TestH5_group_commit(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	var syncs int
	f := &faultFS{fileSystem: osFS{}}
	block := false
	f.at = func(_ int, op string) fault {
		if block && op == "sync" {
			if syncs++; syncs == 1 {
				close(held)
				<-release
			}
		}
		return fault{}
	}
	j := mustOpen(t, filepath.Join(t.TempDir(), "j"), &Options{fs: f})
	defer closing(t, j)
	block = true
	first, err := j.Stage(t.Context(), "s", nil)
	if err != nil {
		t.Fatal(err)
	}
	<-held
	var tickets []Ticket
	for range 100 {
		tk, err := j.Stage(t.Context(), "s", nil)
		if err != nil {
			t.Fatal(err)
		}
		tickets = append(tickets, tk)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := errors.AsType[*PendingError](first.Wait(ctx)); !ok {
		t.Error("a sync that has not ended was waited for")
	}
	if st, _ := j.Stream("s"); st.Sent.Next != 0 {
		t.Error("shown before it is durable")
	}
	close(release)
	for i, tk := range append(tickets, first) {
		if err := tk.Wait(t.Context()); err != nil {
			t.Fatal(i, err)
		}
	}
	if syncs != 2 {
		t.Errorf("%d syncs", syncs)
	}
}

func TestH5_concurrent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, smallOptions(nil))
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			name := fmt.Sprint("s", w)
			for i := range uint64(60) {
				n, err := j.Append(t.Context(), name, message(i))
				if err != nil || n != i {
					t.Error(n, err)
					return
				}
				if w%2 == 0 && i%8 == 7 {
					if err := j.Trim(name, i-2); err != nil {
						t.Error(err)
					}
				}
				if i%16 == 15 {
					st, _ := j.Stream(name)
					next := st.Committed.Next
					for r, err := range j.Replay(name, next) {
						if err != nil || r.Index != next || string(r.Payload) != string(message(next)) {
							t.Error(r.Index, next, err)
							return
						}
						next++
					}
					if next != i+1 {
						t.Error(next, i)
					}
				}
			}
		})
	}
	all.Wait()
	closing(t, j)
	j = mustOpen(t, dir, nil)
	defer closing(t, j)
	if got := j.State().Records; got != 4*60+4*(60-53) {
		t.Error(got)
	}
}

// A record that the peer does not commit must not keep all the files that follow it, nor be lost.
func TestK2_space_is_reclaimed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	j := mustOpen(t, dir, smallOptions(nil))
	for i := range 600 {
		if i%20 == 0 {
			if _, err := j.Append(t.Context(), "laggard", message(uint64(i))); err != nil {
				t.Fatal(err)
			}
		}
		n, err := j.Append(t.Context(), "busy", message(uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Trim("busy", n+1); err != nil {
			t.Fatal(err)
		}
	}
	bytes := j.State().Bytes
	closing(t, j)
	paths, _ := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if most := 8 + 2*bytes/4096 + 3; int64(len(paths)) > most {
		t.Errorf("%d segments for %d bytes, at most %d expected", len(paths), bytes, most)
	}
	j = mustOpen(t, dir, nil)
	defer closing(t, j)
	n := uint64(0)
	for r, err := range j.Replay("laggard", 0) {
		if err != nil || r.Index != n || string(r.Payload) != string(message(n*20)) {
			t.Fatal(r.Index, n, err)
		}
		n++
	}
	if n != 30 {
		t.Errorf("%d records", n)
	}
}

func TestH5_append_does_not_allocate(t *testing.T) {
	j := mustOpen(t, filepath.Join(t.TempDir(), "j"), nil)
	defer closing(t, j)
	payload := make([]byte, 100)
	if n := testing.AllocsPerRun(200, func() {
		n, err := j.Append(context.Background(), "s", payload)
		if err == nil {
			err = j.Trim("s", n+1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	j := mustOpen(b, filepath.Join(b.TempDir(), "j"), nil)
	defer closing(b, j)
	payload := make([]byte, 128)
	b.ReportAllocs()
	for b.Loop() {
		n, err := j.Append(b.Context(), "s", payload)
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Trim("s", n+1); err != nil {
			b.Fatal(err)
		}
	}
}
