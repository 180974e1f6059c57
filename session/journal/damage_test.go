package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	kinds "github.com/standardbeagle/brum/errors"
)

// written returns a journal's directory and its segments, oldest first, with eight messages each in a batch.
func written(t *testing.T, opens int) (dir string, paths []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "j")
	for range opens {
		j := mustOpen(t, dir, nil)
		for i := range 8 {
			if _, err := j.Append(t.Context(), "s", message(uint64(i))); err != nil {
				t.Fatal(err)
			}
		}
		closing(t, j)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || len(paths) != opens {
		t.Fatal(paths, err)
	}
	return dir, paths
}

func edit(t *testing.T, path string, change func(b []byte) []byte) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Every single byte that is changed is noticed, and by its file and place. Only the last
// batch, which no other follows, can't be told from a torn one.
func TestH5_damage_is_named(t *testing.T) {
	dir, paths := written(t, 2)
	for n, path := range paths {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		last := len(whole) - int(padded(int64(batchHeader+14+len(message(7))))) // where the last batch begins, about
		if n == 0 {
			last = len(whole) - 2*len(message(7)) // its last batch was written again by the second Open
		}
		for i := 0; i < last-len(message(6))-64; i += 7 {
			edit(t, path, func(b []byte) []byte { b[i] ^= 0x40; return b })
			_, err := Open(dir, nil)
			damage, corrupt := errors.AsType[*CorruptError](err)
			_, version := errors.AsType[*VersionError](err)
			if !corrupt && !version || corrupt && (damage.Path != path || int(damage.Offset) > i || kinds.Of(err) != kinds.Invalid) {
				t.Fatalf("%s, byte %d of %d: %v", filepath.Base(path), i, len(whole), err)
			}
			edit(t, path, func([]byte) []byte { return whole })
		}
	}
	closing(t, mustOpen(t, dir, nil))
}

// A file that is cut anywhere opens with a prefix of what was in it, or is refused by name.
func TestH5_torn_tail_is_cut(t *testing.T) {
	dir, paths := written(t, 1)
	whole, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	records := -1
	for size := len(whole); size > 0; size -= 13 {
		fresh := filepath.Join(t.TempDir(), "j")
		if err := os.Mkdir(fresh, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(fresh, filepath.Base(paths[0]))
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(fresh, nil)
		if damage, ok := errors.AsType[*CorruptError](err); ok && damage.Path == path && records == 0 {
			continue // not even the first batch is there, which is never torn
		}
		if err != nil {
			t.Fatalf("%d of %d bytes: %v", size, len(whole), err)
		}
		n := 0
		for r, err := range j.Replay("s", 0) {
			if err != nil || string(r.Payload) != string(message(r.Index)) {
				t.Fatal(r.Index, err)
			}
			n++
		}
		if records >= 0 && n != records && n != records-1 {
			t.Fatalf("%d bytes: %d records after %d", size, n, records)
		}
		records = n
		if torn := j.State().Recovery.Torn; (torn > 0) != (size != len(whole)) && torn != 0 {
			t.Fatalf("%d bytes: torn %d", size, torn)
		}
		if at, err := j.Append(t.Context(), "s", message(uint64(n))); err != nil || at != uint64(n) {
			t.Fatal(at, err)
		}
		closing(t, j)
	}
	if records != 0 {
		t.Errorf("%d records are left", records)
	}
	_ = dir
}

// What an application stores may look like a batch, even to whoever knows the salt: it is
// never taken for one.
func TestH5_payload_like_a_batch(t *testing.T) {
	for pad := range batchAlign {
		dir := filepath.Join(t.TempDir(), "j")
		j := mustOpen(t, dir, nil)
		path, h := j.active.path(dir), j.out.header
		body := (&record{kind: kindDrop, stream: 1}).append(make([]byte, batchHeader))
		fake := sealBatch(body, &h, headerSize, j.synced+2)
		if _, err := j.Append(t.Context(), "s", append(make([]byte, pad), append(fake, make([]byte, 100)...)...)); err != nil {
			t.Fatal(err)
		}
		closing(t, j)
		edit(t, path, func(b []byte) []byte { return b[:len(b)-50] })
		j, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if torn := j.State().Recovery.Torn; torn == 0 {
			t.Error("nothing was torn")
		}
		closing(t, j)
	}
}

func TestH5_missing_segment(t *testing.T) {
	dir, paths := written(t, 3)
	if err := os.Rename(paths[1], paths[1]+".gone"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, nil)
	if damage, ok := errors.AsType[*CorruptError](err); !ok || damage.Path != paths[1] {
		t.Fatal(err)
	}
}

func TestH5_unknown_version(t *testing.T) {
	dir, paths := written(t, 1)
	edit(t, paths[0], func(b []byte) []byte { b[9] = 2; return b })
	_, err := Open(dir, nil)
	if v, ok := errors.AsType[*VersionError](err); !ok || v.Version != 2 || v.Path != paths[0] || kinds.Of(err) != kinds.Unsupported {
		t.Fatal(err)
	}
}

// Bits that rot while the journal is open are found by the replay.
func TestH5_replay_verifies(t *testing.T) {
	dir, _ := written(t, 1)
	j := mustOpen(t, dir, nil)
	defer closing(t, j)
	e := *j.state.names["s"].at(5)
	edit(t, e.segment.path(dir), func(b []byte) []byte { b[e.offset] ^= 1; return b })
	for r, err := range j.Replay("s", 0) {
		damage, ok := errors.AsType[*CorruptError](err)
		if r.Index > 5 || err != nil && (!ok || damage.Offset != e.offset) {
			t.Fatal(r.Index, err)
		}
		if err != nil {
			return
		}
	}
	t.Error("the damage was not found")
}
