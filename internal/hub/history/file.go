package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

const (
	// aliveEvery is how often the file's time says that the hub lives.
	aliveEvery = time.Minute
	// retryAfter is the least time between two attempts to write what could not be written.
	retryAfter = 10 * time.Second
)

// file is the book on disk. One goroutine writes it.
type file struct {
	path   string
	log    *slog.Logger
	book   *Book
	wake   chan struct{} // capacity 1
	done   chan struct{} // closed to end the writer
	ended  chan struct{} // closed when it has ended
	result error         // of the last write, valid once ended

	mu sync.Mutex
	// guards following
	waiting []*record
	behind  bool // the file lacks something: it has to be written anew
	writing bool

	// The writer's own.
	size     int64
	failed   error
	failedAt time.Time
}

// openFile reads what is at path into b, and begins to write what is added from now on.
func openFile(path string, log *slog.Logger, b *Book) *file {
	f := &file{
		path: path, log: log, book: b,
		wake: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{}),
	}
	bad, alive, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	switch {
	case err != nil:
		log.Warn("the history could not be read and is begun anew", "error", err)
	case bad > 0:
		log.Warn("lines of the history made no sense and were left out", "file", path, "lines", bad)
	}
	f.behind = bad > 0 || err != nil
	if n := len(b.events.values); n > 0 && !alive.IsZero() {
		f.closeFormerLife(alive)
	}
	go f.run()
	return f
}

// closeFormerLife notes the end of a hub that could not do so itself.
func (f *file) closeFormerLife(alive time.Time) {
	events := f.book.events.list()
	for i := len(events) - 1; i >= 0; i-- {
		switch events[i].Kind {
		case api.EventHubEnd:
			return
		case api.EventHub:
			if alive.Before(events[i].At) {
				alive = events[i].At
			}
			r := &record{Event: &api.Event{At: alive, Kind: api.EventHubEnd, Detail: "killed"}}
			f.book.take(r)
			f.waiting = append(f.waiting, r)
			return
		}
	}
}

// read takes in the file, of one that is too large the end, and says how many lines made no
// sense and when it was last written.
func (f *file) read() (bad int, alive time.Time, err error) {
	fi, err := os.Lstat(f.path)
	if err != nil {
		return 0, alive, err
	}
	if !fi.Mode().IsRegular() { // a pipe would never end
		return 0, alive, fmt.Errorf("%s is no regular file", f.path)
	}
	in, err := os.Open(f.path)
	if err != nil {
		return 0, alive, err
	}
	defer in.Close()
	f.size = fi.Size()
	if skip := fi.Size() - 2*f.book.limits.file; skip > 0 {
		if _, err := in.Seek(skip, io.SeekStart); err != nil {
			return 0, alive, err
		}
		bad++ // the line that is cut there, at least
	}
	lines := bufio.NewReaderSize(in, f.book.limits.line)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == nil:
			if r, ok := decode(line); ok {
				f.book.take(r)
			} else {
				bad++
			}
		case errors.Is(err, bufio.ErrBufferFull):
			bad++
			if err := skipLine(lines); err != nil && err != io.EOF {
				return bad, fi.ModTime(), err
			}
		case err == io.EOF:
			if len(line) > 0 { // torn
				bad++
			}
			return bad, fi.ModTime(), nil
		default:
			return bad, fi.ModTime(), err
		}
	}
}

func skipLine(r *bufio.Reader) error {
	for {
		if _, err := r.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// queue has r written soon. It does not wait.
func (f *file) queue(r *record) {
	f.mu.Lock()
	if len(f.waiting) < f.book.limits.waiting {
		f.waiting = append(f.waiting, r)
	} else {
		f.waiting, f.behind = nil, true
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *file) close() error {
	close(f.done)
	<-f.ended
	return f.result
}

func (f *file) run() {
	defer close(f.ended)
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-f.wake:
			if f.failed == nil || time.Since(f.failedAt) > retryAfter {
				f.write()
			}
		case <-tick.C:
			if f.write(); f.failed == nil {
				now := time.Now()
				_ = os.Chtimes(f.path, now, now) // a hint only
			}
		case <-f.done:
			f.result = f.write()
			return
		}
	}
}

// write brings the file up to date.
func (f *file) write() error {
	f.mu.Lock()
	waiting, behind := f.waiting, f.behind
	f.waiting, f.behind, f.writing = nil, false, true
	f.mu.Unlock()
	var err error
	if behind || f.size > f.book.limits.file {
		err = f.rewrite()
	} else if len(waiting) > 0 {
		err = f.append(waiting)
	}
	switch {
	case err != nil && f.failed == nil:
		f.log.Warn("the history can't be written; it is kept in memory", "error", err)
	case err == nil && f.failed != nil:
		f.log.Info("the history is written again")
	}
	f.failed, f.failedAt = err, time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing = false
	if err != nil {
		f.waiting, f.behind = nil, true // all of it is in memory
	}
	return err
}

func (f *file) append(records []*record) error {
	var data []byte
	for _, r := range records {
		data = append(data, r.encode()...)
	}
	out, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	n, err := out.Write(data)
	f.size += int64(n)
	return errors.Join(err, out.Close())
}

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
