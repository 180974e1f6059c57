package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	brumerrors "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/session/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a ledger that can be opened again.
type book struct {
	*Ledger
	path string
	opts Options
}

func open(t *testing.T, o Options) *book {
	t.Helper()
	b := &book{path: filepath.Join(t.TempDir(), "ledger"), opts: o}
	b.reopen(t)
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *book) reopen(t *testing.T) {
	t.Helper()
	if b.Ledger != nil {
		b.Close()
	}
	var err error
	if b.Ledger, err = Open(b.path, b.opts); err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)

func (b *book) issue(t *testing.T, n int) Call {
	t.Helper()
	c := Call{ID: callid.New(), Instance: "web-1", Life: "life", Name: "web", Tool: fmt.Sprint("tool", n), Digest: "d",
		Issued: start.Add(time.Duration(n) * time.Second), Deadline: start.Add(time.Hour)}
	if err := b.Issue(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Verdict = Pending
	return c
}

func everything(*Call) bool { return true }

func (b *book) is(t *testing.T, want ...Call) {
	t.Helper()
	if got := b.Recent(everything, 1000); !slices.Equal(got, want) {
		t.Errorf("the ledger has\n%+v\nwant\n%+v", got, want)
	}
}

func TestCallsOutliveTheProcess(t *testing.T) {
	b := open(t, Options{})
	one, two, three := b.issue(t, 1), b.issue(t, 2), b.issue(t, 3)
	b.reopen(t)
	b.is(t, one, two, three)
	if err := b.Settle(two.ID, Done, two.Issued.Add(1500*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	b.Settle(two.ID, Unknown, start) // the first verdict counts
	b.Settle(callid.New(), Done, start)
	two.Verdict, two.Settled, two.Took = Done, two.Issued.Add(1500*time.Millisecond), 1500*time.Millisecond
	b.is(t, one, two, three)
	b.reopen(t)
	b.is(t, one, two, three)
	if got := b.Unsettled(); !slices.Equal(got, []Call{one, three}) {
		t.Errorf("unsettled: %+v", got)
	}
	if all, pending := b.Counts(); all != 3 || pending != 2 {
		t.Errorf("%d calls, %d pending", all, pending)
	}
	if got := b.Recent(func(c *Call) bool { return c.ID != three.ID }, 1); !slices.Equal(got, []Call{two}) {
		t.Errorf("the latest but one: %+v", got)
	}
	known, ok := errors.AsType[*KnownError](b.Issue(t.Context(), one))
	if !ok || known.Call != one {
		t.Errorf("issued twice: %+v", known)
	}
	if c, ok := b.Get(two.ID); !ok || c != two {
		t.Errorf("%+v, %v", c, ok)
	}
}

// What is issued is on disk at once: it is there for whoever copies the files, as a crash would
// leave them.
func TestIssuedIsOnDisk(t *testing.T) {
	b := open(t, Options{})
	for n := range 5 {
		c := b.issue(t, n)
		copied := &book{path: filepath.Join(t.TempDir(), "copy")}
		if err := os.CopyFS(copied.path, os.DirFS(b.path)); err != nil {
			t.Fatal(err)
		}
		entries, _ := os.ReadDir(copied.path)
		for _, e := range entries {
			os.Chmod(filepath.Join(copied.path, e.Name()), 0o600)
		}
		os.Chmod(copied.path, 0o700)
		copied.reopen(t)
		if got, ok := copied.Get(c.ID); !ok || got != c {
			t.Errorf("call %d: %+v, %v", n, got, ok)
		}
		copied.Close()
	}
}

func TestBounds(t *testing.T) {
	b := open(t, Options{MaxCalls: 10, SegmentBytes: 4 << 10})
	first := b.issue(t, 0) // has no outcome for long
	var settled []Call
	for n := 1; n < 200; n++ {
		c := b.issue(t, n)
		b.Settle(c.ID, Done, c.Issued)
		c.Verdict, c.Settled = Done, c.Issued
		settled = append(settled, c)
		if n%50 == 0 {
			b.reopen(t)
		}
	}
	want := append([]Call{first}, settled[len(settled)-9:]...)
	b.is(t, want...)
	b.reopen(t)
	b.is(t, want...)
	files, err := filepath.Glob(filepath.Join(b.path, "*"))
	if err != nil || len(files) > 12 {
		t.Errorf("%d files, %v: old ones are not removed", len(files), err)
	}

	// Calls without an outcome are kept, and bounded.
	for n := range 9 {
		b.issue(t, 200+n)
	}
	full, ok := errors.AsType[*FullError](b.Issue(t.Context(), Call{ID: callid.New()}))
	if !ok || full.Limit != 10 || brumerrors.Of(full) != brumerrors.Limit {
		t.Errorf("one too many: %v", full)
	}
	if all, pending := b.Counts(); all != 10 || pending != 10 {
		t.Errorf("%d calls, %d pending", all, pending)
	}
	b.Settle(first.ID, NotRun, start)
	b.issue(t, 300)
	if _, ok := b.Get(first.ID); ok {
		t.Error("the oldest is kept although there is no room")
	}
}

func TestAge(t *testing.T) {
	b := open(t, Options{MaxAge: time.Minute})
	one := b.issue(t, 0)
	b.Settle(one.ID, Done, one.Issued)
	two := b.issue(t, 60)
	if _, ok := b.Get(one.ID); !ok {
		t.Error("dropped after its age")
	}
	b.Settle(two.ID, Failed, two.Issued)
	three := b.issue(t, 61)
	if _, ok := b.Get(one.ID); ok {
		t.Error("kept beyond its age")
	}
	b.reopen(t)
	two.Verdict, two.Settled = Failed, two.Issued
	b.is(t, two, three)
}

// Nothing that could be a secret is on disk but what the entry has.
func TestToolNamesAreCut(t *testing.T) {
	b := open(t, Options{})
	c := Call{ID: callid.New(), Tool: string(bytes.Repeat([]byte("x"), 10*MaxName))}
	if err := b.Issue(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, _ := b.Get(c.ID); len(got.Tool) != MaxName {
		t.Errorf("%d bytes", len(got.Tool))
	}
}

func TestFailedStore(t *testing.T) {
	b := open(t, Options{SegmentBytes: 4 << 10})
	c := b.issue(t, 0)
	if err := os.RemoveAll(b.path); err != nil { // the next file can't be made
		if runtime.GOOS == "windows" {
			t.Skip("files that are in use stay there:", err)
		}
		t.Fatal(err)
	}
	var err error
	for n := 1; err == nil && n < 1000; n++ {
		err = b.Issue(t.Context(), Call{ID: callid.New(), Tool: "tool"})
	}
	if !errors.Is(err, journal.ErrFailed) {
		t.Fatalf("%v", err)
	}
	if b.Err() == nil || b.Settle(c.ID, Done, start) == nil {
		t.Error("the ledger takes more")
	}
	if got, ok := b.Get(c.ID); !ok || got.Verdict != Done {
		t.Errorf("what it knew: %+v, %v", got, ok)
	}
	if _, err := b.Commit(t.Context(), Reader{Name: "r"}); err == nil {
		t.Error("a reader is committed")
	}
}

func TestLockedByItsProcess(t *testing.T) {
	b := open(t, Options{})
	other, err := Open(b.path, Options{})
	if _, ok := errors.AsType[*journal.InUseError](err); !ok {
		other.Close()
		t.Errorf("opened twice: %v", err)
	}
}

func TestGivenUpIssue(t *testing.T) {
	b := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Issue(ctx, Call{ID: callid.New()}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Concurrent callers and a reader of the list; each call ends with its own verdict.
func TestConcurrentCalls(t *testing.T) {
	b := open(t, Options{MaxCalls: 64, SegmentBytes: 8 << 10})
	verdicts := []Verdict{Done, Failed, Cancelled, NotRun}
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for n := range 20 {
				c := b.issue(t, n)
				if err := b.Settle(c.ID, verdicts[(g+n)%4], c.Issued); err != nil {
					t.Error(err)
				}
				b.Recent(everything, 10)
			}
		})
	}
	all.Wait()
	before := b.Recent(everything, 1000)
	if n, pending := b.Counts(); n != 64 || pending != 0 || len(before) != 64 {
		t.Errorf("%d calls, %d pending", n, pending)
	}
	b.reopen(t)
	for _, c := range before {
		got, ok := b.Get(c.ID)
		if !ok || got.Verdict != c.Verdict || !got.Settled.Equal(c.Settled) {
			t.Errorf("%+v has become %+v", c, got)
		}
	}
}
