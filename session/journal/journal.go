package journal

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	"github.com/standardbeagle/brum/errors"
)

// Journal is the durable state of one session. Its methods may be called concurrently.
type Journal struct {
	dir      string
	fs       fileSystem
	opts     Options
	log      *slog.Logger
	lock     *flock.Flock
	recovery Recovery

	mu      sync.Mutex // guards following; nothing that can wait happens under it
	state   *state     // as it will be when all that is staged is durable
	staged  *group     // collects what the next fsync makes durable
	flying  *group     // is being written; its number is 0 when none is
	room    *waiter    // those who wait for room in staged
	spare   waiters
	synced  uint64     // the number of the last batch that is durable
	sealed  []*segment // oldest first
	active  *segment   // the newest; nil until Open has made it
	bytes   int64      // of all send logs
	records int
	closing bool
	err     error // set once; nothing is taken any more

	wake    chan struct{} // holds one
	stopped chan struct{} // closed when the writer has ended

	out output // the writer's alone
}

// Open opens the journal at path, a directory, or makes it; the directory above must exist.
// It holds the journal's lock until Close. What an earlier process was told to be durable is
// there, and what it began to write and was not told about is there whole or not at all.
//
// Errors: *InUseError, *AccessError, *CorruptError, *VersionError, *StaleError (a cursor in
// Options.Receive is behind), *FailedError (the new generation can't be written), and those
// of the system.
func Open(path string, o *Options) (*Journal, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err := prepare(dir); err != nil {
		return nil, err
	}
	l, err := lock(dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{dir: dir, fs: opts.fs, opts: opts, log: opts.Logger.With("journal", dir), lock: l,
		wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	if err := j.start(); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	go j.run()
	return j, nil
}

// start recovers, and makes the new generation durable in a segment of its own.
func (j *Journal) start() error {
	r, err := recoverDir(j.dir, j.fs)
	if err != nil {
		return err
	}
	if r.torn > 0 {
		j.log.Warn("cut a torn tail", "bytes", r.torn)
	}
	for _, name := range r.stale {
		if err := j.fs.Remove(filepath.Join(j.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("journal: remove %s: %w", name, err)
		}
	}
	j.state, j.sealed = r.state, r.segments
	j.state.generation++
	j.synced = r.next - 1
	j.staged, j.flying = newGroup(r.next), newGroup(0)
	j.out.number = r.newest
	for _, st := range j.state.streams {
		j.bytes += st.bytes
		j.records += st.len()
	}
	j.recovery = Recovery{Records: j.records, Torn: r.torn}
	for name, c := range j.opts.Receive {
		if err := j.adopt(name, c); err != nil {
			return err
		}
	}
	for i := range r.tailSends {
		s := &r.tailSends[i]
		if st := j.state.streams[s.stream]; st != nil && st.holds(s.index) {
			j.stageSend(st, s.index, s.digest, s.data)
		}
	}
	j.commit()
	if j.err != nil && j.out.file != nil {
		_ = j.out.file.Close()
	}
	return j.err
}

// Close waits until everything that was asked for is durable, and releases the lock. Its
// error is that of the journal, if it has failed.
func (j *Journal) Close() error {
	j.mu.Lock()
	again := j.closing
	j.closing = true
	j.signal()
	j.mu.Unlock()
	<-j.stopped
	if again {
		return nil
	}
	j.mu.Lock()
	err := j.err
	if err == nil {
		j.err = ErrClosed
	}
	j.mu.Unlock()
	if e := j.out.file.Close(); e != nil && err == nil {
		err = fmt.Errorf("journal: %w", e)
	}
	if e := j.lock.Unlock(); e != nil && err == nil {
		err = fmt.Errorf("journal: unlock: %w", e)
	}
	return err
}

// Err returns nil, or why the journal takes nothing any more: a *FailedError or ErrClosed.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.usable()
}

// Sync returns when everything that was asked for before is durable.
func (j *Journal) Sync(ctx context.Context) error {
	j.mu.Lock()
	number := j.staged.number
	if j.staged.empty() {
		number--
	}
	j.mu.Unlock()
	return j.wait(ctx, number)
}

// usable is called with mu held.
func (j *Journal) usable() error {
	if j.err != nil {
		return j.err
	}
	if j.closing {
		return ErrClosed
	}
	return nil
}

// signal wakes the writer.
func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

func newSalt() (salt [16]byte) {
	rand.Read(salt[:]) // never fails
	return salt
}
