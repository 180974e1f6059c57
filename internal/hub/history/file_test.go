package history

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// contents is what a book keeps.
func contents(b *Book) []*record {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.records()
	slices.SortStableFunc(all, byTime)
	return all
}

func TestL2_HistoryOutlivesTheHub(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	var want []*record
	for life := range 3 {
		b := Open(t.Context(), path, discard())
		if got := contents(b); life > 0 {
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("life %d: %s", life, d)
			}
		}
		for n := range 50 {
			c := change(100*life+n, api.Active)
			c.Reconnect = &api.Reconnect{LostAt: epoch, Trigger: "wake", Dials: 3, RoundTrips: 2, Session: api.SessionKept}
			b.Add("a", "web", c)
			b.AddEvent(api.Event{At: c.At, Kind: api.EventWake, ForMillis: 5})
		}
		want = contents(b)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("%v, %v", fi, err)
	}
}

// A hub that was killed did not say so: the next one tells until when it lived at least.
func TestKilledHubIsNoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	b := Open(t.Context(), path, discard())
	b.AddEvent(api.Event{At: epoch, Kind: api.EventHub})
	if err := b.Close(); err != nil { // the file, not the hub
		t.Fatal(err)
	}
	alive := epoch.Add(time.Hour)
	if err := os.Chtimes(path, alive, alive); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is said once
		b = Open(t.Context(), path, discard())
		events := b.events.list()
		if len(events) != 2 || events[1].Kind != api.EventHubEnd || !events[1].At.Equal(alive) {
			t.Errorf("%+v", events)
		}
		b.Close()
	}
}

func TestFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	l := defaults
	l.file = 20 << 10
	b := open(t.Context(), path, discard(), l)
	for n := range 3000 {
		b.Add("flaps", "flaps", change(n, api.Active))
		if n%1000 == 0 {
			b.Add("calm", "calm", change(n, api.Active))
		}
		if n%100 == 0 {
			if err := b.file.flushed(); err != nil {
				t.Fatal(err)
			}
			if fi, err := os.Stat(path); err != nil || fi.Size() > l.file+int64(l.waiting)*300 {
				t.Fatalf("%v, %v", fi, err)
			}
		}
	}
	b.Close()
	b = open(t.Context(), path, discard(), l)
	defer b.Close()
	if calm, _ := b.Of("calm"); len(calm) != 3 {
		t.Errorf("%d changes of the calm one: the one that flaps has pushed them out", len(calm))
	}
	if flaps, _ := b.Of("flaps"); len(flaps) < 20 || flaps[len(flaps)-1].Epoch != 2999 {
		t.Errorf("%d changes of the one that flaps", len(flaps))
	}
}

// flushed waits until all that was added is written.
func (f *file) flushed() error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		idle := len(f.waiting) == 0 && !f.behind && !f.writing
		f.mu.Unlock()
		if idle {
			return nil
		}
		if time.Now().After(deadline) {
			return os.ErrDeadlineExceeded
		}
	}
}

func TestTornAndHostileFiles(t *testing.T) {
	good := string((&record{ID: "a", Name: "web", Change: new(change(1, api.Active))}).encode())
	for name, c := range map[string]struct {
		data string
		kept int
	}{
		"empty":              {"", 0},
		"torn":               {good + good[:len(good)/2], 1},
		"torn in the middle": {good[:len(good)/2] + "\n" + good, 1},
		"no JSON":            {"hello\n\x00\xff\n" + good, 1},
		"a long line":        {strings.Repeat("x", 3*defaults.line) + "\n" + good, 1},
		"a long torn line":   {good + strings.Repeat("x", 3*defaults.line), 1},
		"another state":      {strings.Replace(good, `"to":"active"`, `"to":"<script>"`, 1) + good, 1},
		"no instance":        {strings.Replace(good, `"id":"a"`, `"id":""`, 1) + good, 1},
		"a long text":        {strings.Replace(good, "timeout", strings.Repeat("x", maxText+1), 1) + good, 1},
		"a strange time":     {strings.Replace(good, "2026-", "0001-", 1) + good, 1},
		"other types":        {`{"id":1}` + "\n[]\nnull\n7\n{}\n" + `{"event":{"kind":"x"}}` + "\n" + good, 1},
		"very large":         {strings.Repeat(strings.Repeat("y", 1023)+"\n", 17<<10) + good, 1},
	} {
		path := filepath.Join(t.TempDir(), "h")
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		b := Open(t.Context(), path, discard())
		if got := contents(b); len(got) != c.kept {
			t.Errorf("%s: %d records, want %d", name, len(got), c.kept)
		}
		b.Add("b", "api", change(2, api.Active))
		if err := b.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b = Open(t.Context(), path, discard())
		if got := contents(b); len(got) != c.kept+1 {
			t.Errorf("%s, then added to: %d records", name, len(got))
		}
		b.Close()
	}
}

// Where nothing can be written the book is one in memory, and says so once. When there is room
// again it is written whole.
func TestUnwritableFileOnlyDegrades(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(dir, "h")
	var said bytes.Buffer
	b := Open(t.Context(), path, slog.New(slog.NewTextHandler(&said, nil)))
	for n := range 100 {
		b.Add("a", "web", change(n, api.Active))
	}
	if changes, _ := b.Of("a"); len(changes) != 100 {
		t.Errorf("%d in memory", len(changes))
	}
	for { // until it has failed at least once
		b.file.mu.Lock()
		behind := b.file.behind && !b.file.writing
		b.file.mu.Unlock()
		if behind {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(said.String(), "can't be written"); n != 1 {
		t.Errorf("said %d times: %s", n, said.String())
	}
	b = Open(t.Context(), path, discard())
	defer b.Close()
	if changes, _ := b.Of("a"); len(changes) != 100 {
		t.Errorf("%d on disk", len(changes))
	}
}

// What is no file is neither read nor waited for.
func TestDirectoryInPlaceOfTheFile(t *testing.T) {
	path := t.TempDir()
	b := Open(t.Context(), path, discard())
	b.Add("a", "web", change(1, api.Active))
	if err := b.Close(); err == nil {
		t.Error("a directory was written to")
	}
	if changes, _ := b.Of("a"); len(changes) != 1 {
		t.Error("the change is not in memory")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add((&record{ID: "a", Name: "web", Change: new(change(1, api.Active))}).encode())
	f.Add([]byte(`{"event":{"at":"2026-01-01T00:00:00Z","kind":"wake"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, ok := decode(line)
		if !ok {
			return
		}
		again, ok := decode(bytes.TrimSpace(r.encode()))
		if !ok {
			t.Fatalf("%q is read, but not what it is written as", line)
		}
		if d := cmp.Diff(r, again); d != "" {
			t.Fatal(d)
		}
	})
}

// A hub that starts while the former one ends gets its history.
func TestHistoryOfAHubThatIsEnding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	first := Open(t.Context(), path, discard())
	first.Add("a", "web", change(1, api.Active))
	var ended sync.WaitGroup
	ended.Go(func() {
		time.Sleep(5 * formerPause) // in real time: another process's lock can't be waited for otherwise
		if err := first.Close(); err != nil {
			t.Error(err)
		}
	})
	second := Open(t.Context(), path, discard())
	ended.Wait()
	if changes, _ := second.Of("a"); len(changes) != 1 {
		t.Errorf("the second hub knows %d changes", len(changes))
	}
	second.Add("a", "web", change(2, api.Active))
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	third := Open(t.Context(), path, discard())
	defer third.Close()
	if changes, _ := third.Of("a"); len(changes) != 2 {
		t.Errorf("the third hub knows %d changes", len(changes))
	}
}

// Two hubs with one state directory: the file is the first one's alone, who is not told to be dead.
func TestTheFileIsOneHubs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	first := Open(t.Context(), path, discard())
	first.AddEvent(api.Event{At: epoch, Kind: api.EventHub})
	if err := first.file.flushed(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	soon := defaults
	soon.former = 2 * formerPause
	second := open(t.Context(), path, slog.New(slog.NewTextHandler(&said, nil)), soon)
	second.Add("b", "api", change(1, api.Active))
	if err := second.Close(); err != nil || !strings.Contains(said.String(), "another hub") {
		t.Errorf("%v; it said %q", err, said.String())
	}
	if changes, _ := second.Of("b"); len(changes) != 1 {
		t.Errorf("the second one keeps %d changes", len(changes))
	}
	first.Add("a", "web", change(2, api.Active))
	want := contents(first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third := Open(t.Context(), path, discard())
	got := contents(third)
	if err := third.Close(); err != nil {
		t.Error(err)
	}
	// What is more in got is the end of the first, which did not say that it ended.
	if len(got) != len(want)+1 || got[0].Event.Kind != api.EventHub {
		t.Errorf("%d records, want %d and the end of the first", len(got), len(want))
	}
}
