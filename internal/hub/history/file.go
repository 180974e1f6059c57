package history

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
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
	lock   *flock.Flock
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

// openFile reads what is at path into b, and begins to write what is added from now on. It returns
// nil if the file belongs to another hub that lives: two would replace each other's entries. One
// that is about to end is waited for.
func openFile(ctx context.Context, path string, log *slog.Logger, b *Book) *file {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(ctx, b.limits.former)
	defer cancel()
	// An error of another kind is no reason to do without: where no lock can be made nothing can be written.
	if _, err := lock.TryLockContext(ctx, formerPause); err != nil && ctx.Err() != nil {
		log.Warn("another hub keeps the history of this state directory; that of this one ends with it", "file", path)
		return nil
	}
	f := &file{
		path: path, log: log, book: b, lock: lock,
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
	return errors.Join(f.result, f.lock.Close())
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
