package history

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// rewrite replaces the file by what is kept, at most half of what it may have: of each instance
// the newest.
func (f *file) rewrite() (err error) {
	f.book.mu.Lock()
	records := f.book.records()
	f.mu.Lock()
	f.waiting = nil // they are among the records
	f.mu.Unlock()
	f.book.mu.Unlock()
	slices.SortStableFunc(records, byTime)
	out, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	w := bufio.NewWriterSize(out, 64<<10)
	var size int64
	for _, line := range newest(records, f.book.limits.file/2) {
		n, err := w.Write(line)
		size += int64(n)
		if err != nil {
			break // Flush tells
		}
	}
	if err = errors.Join(w.Flush(), out.Sync(), out.Close()); err != nil {
		return err
	}
	if err = os.Rename(out.Name(), f.path); err != nil {
		return err
	}
	f.size = size
	return nil
}

// newest encodes records, oldest first, and leaves the oldest of each instance out so that
// what remains has at most so many bytes.
func newest(records []*record, most int64) [][]byte {
	lines := make([][]byte, len(records))
	var all int64
	owners := map[string]int64{}
	for i, r := range records {
		lines[i] = r.encode()
		all += int64(len(lines[i]))
		owners[r.ID] = 0
	}
	if all <= most {
		return lines
	}
	share := most / int64(len(owners))
	var kept [][]byte
	for i := len(lines) - 1; i >= 0; i-- {
		id := records[i].ID
		if owners[id] += int64(len(lines[i])); owners[id] <= share {
			kept = append(kept, lines[i])
		}
	}
	slices.Reverse(kept)
	return kept
}
