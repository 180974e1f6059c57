package ledger

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	brumerrors "github.com/standardbeagle/brum/errors"
)

func TestReadersOutliveTheProcess(t *testing.T) {
	b := open(t, Options{})
	r := Reader{Name: "me", Instance: "web-1", Of: "web", Directory: "/web", Process: "dev", Cursor: "c1", Lines: 3, At: start}
	for n := uint64(1); n < 5; n++ {
		r.Cursor = fmt.Sprint("c", n)
		next, err := b.Commit(t.Context(), r)
		if err != nil || next != n {
			t.Fatalf("revision %d, %v", next, err)
		}
		r.Revision = next
		b.reopen(t)
		if got, err := b.Reader("me"); err != nil || got != r {
			t.Fatalf("%+v, %v; want %+v", got, err, r)
		}
	}
	other := r
	other.Name, other.Revision = "another", 0
	if _, err := b.Commit(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if list, err := b.Readers(); err != nil || len(list) != 2 || list[0].Name != "another" || list[1] != r {
		t.Errorf("%+v, %v", list, err)
	}
	if err := b.Forget(t.Context(), "me"); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	if _, err := b.Reader("me"); !errors.Is(err, ErrNoReader) {
		t.Errorf("forgotten: %v", err)
	}
	if err := b.Forget(t.Context(), "me"); !errors.Is(err, ErrNoReader) {
		t.Errorf("forgotten twice: %v", err)
	}
	r.Revision = 0
	if n, err := b.Commit(t.Context(), r); n != 1 || err != nil {
		t.Errorf("anew: %d, %v", n, err)
	}
}

func TestReaderConflicts(t *testing.T) {
	b := open(t, Options{})
	for _, revision := range []uint64{1, 7} {
		_, err := b.Commit(t.Context(), Reader{Name: "me", Revision: revision})
		if c, ok := errors.AsType[*ConflictError](err); !ok || c.Have != 0 || c.Want != revision {
			t.Errorf("a new one of revision %d: %v", revision, err)
		}
	}
	// Of those who commit the same revision at the same time one succeeds.
	for revision := range uint64(20) {
		var wins, conflicts atomic.Int64
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				_, err := b.Commit(t.Context(), Reader{Name: "me", Cursor: fmt.Sprint(n), Revision: revision})
				switch _, conflict := errors.AsType[*ConflictError](err); {
				case err == nil:
					wins.Add(1)
				case conflict:
					conflicts.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 || conflicts.Load() != 7 {
			t.Fatalf("%d succeed, %d conflict", wins.Load(), conflicts.Load())
		}
	}
}

func TestReaderBounds(t *testing.T) {
	b := open(t, Options{MaxReaders: 2})
	for _, name := range []string{"", "a b", "a\n", strings.Repeat("x", MaxReaderName+1)} {
		if _, err := b.Commit(t.Context(), Reader{Name: name}); brumerrors.Of(err) != brumerrors.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "b"} {
		if _, err := b.Commit(t.Context(), Reader{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	b.issue(t, 1) // does not count
	_, err := b.Commit(t.Context(), Reader{Name: "c"})
	if full, ok := errors.AsType[*FullError](err); !ok || full.Limit != 2 {
		t.Errorf("one too many: %v", err)
	}
	if _, err := b.Commit(t.Context(), Reader{Name: "b", Revision: 1}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
}
