package discovery

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Config says where and how to look. Zero values mean the defaults.
type Config struct {
	Dir string       // see Dir
	Log *slog.Logger // slog.Default()

	// Heartbeat is the time between two heartbeats of a registration; 30 s.
	Heartbeat time.Duration
	// Check is how often a watcher looks whether the processes of the
	// instances live, and a registration whether its file is there; 1 s.
	Check time.Duration
	// Scan is how often a watcher reads the whole directory although no
	// change was notified; 30 s.
	Scan time.Duration

	// What a test can put something else in the place of.
	notify     func(dir string) (notifier, error)
	tryLock    systemLock
	createTemp func(dir string) (*os.File, error)
	fileSystem func(dir string) (name string, shared bool) // see Health
}

func (c *Config) setDefaults() {
	c.Log = cmp.Or(c.Log, slog.Default())
	c.Heartbeat = cmp.Or(c.Heartbeat, 30*time.Second)
	c.Check = cmp.Or(c.Check, time.Second)
	c.Scan = cmp.Or(c.Scan, 30*time.Second)
	if c.notify == nil {
		c.notify = systemNotifier
	}
	if c.tryLock == nil {
		c.tryLock = tryFlock
	}
	if c.createTemp == nil {
		c.createTemp = createTemp
	}
	if c.fileSystem == nil {
		c.fileSystem = fileSystem
	}
}

// Registry is a directory of instance files. It needs no closing.
type Registry struct {
	dir        string
	config     Config
	locks      locker
	counts     counters
	complaints complaints
}

// Open creates the directory if it is missing and checks that it is private.
// The error is a *DirError; the call may be repeated once its cause is removed.
func Open(config Config) (*Registry, error) {
	dir, err := Dir(config.Dir)
	if err != nil {
		return nil, err
	}
	config.setDefaults()
	if _, err := prepare(dir); err != nil {
		return nil, err
	}
	r := &Registry{dir: dir, config: config, complaints: complaints{log: config.Log}}
	r.locks = locker{dir: dir, try: config.tryLock, log: config.Log, counts: &r.counts}
	return r, nil
}

// Dir returns the directory's path.
func (r *Registry) Dir() string { return r.dir }

// List reads every file now and returns the instances whose process is not
// known to be dead, sorted by id. It removes nothing.
func (r *Registry) List(ctx context.Context) ([]Instance, error) {
	ids, err := r.ids()
	if err != nil {
		return nil, err
	}
	var list []Instance
	budget := int64(maxTotal)
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		i, err := r.read(id, &budget)
		if err == nil && !i.Liveness().Dead() {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b Instance) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

const (
	maxFiles = 1024     // that are read in one directory
	maxTotal = 64 << 20 // bytes of theirs
)

// ids returns the ids of the files there are.
func (r *Registry) ids() ([]string, error) {
	const chunk = 256
	dir, err := os.Open(r.dir)
	if err != nil {
		return nil, &DirError{Path: r.dir, Problem: "can't be read", Fix: elsewhere, Err: err}
	}
	defer dir.Close()
	r.counts.scans.Add(1)
	var ids []string
	for {
		entries, err := dir.ReadDir(chunk)
		for _, entry := range entries {
			if id, ok := idOf(entry.Name()); ok {
				ids = append(ids, id)
			}
		}
		if len(ids) > maxFiles {
			r.complaints.file(r.dir, versionOf(r.dir), &r.counts,
				&DirError{Path: r.dir, Problem: "holds too many files", Fix: "remove those that are not needed",
					Err: &errors.Error{Kind: errors.Limit, Op: "reading only some of them"}})
			return ids[:maxFiles], nil
		}
		if err != nil || len(entries) == 0 { // io.EOF, or as much as could be read
			return ids, nil
		}
	}
}

// read loads a file, takes its size from budget, and sees to it that a file
// which can't be used is logged and counted once per version.
func (r *Registry) read(id string, budget *int64) (Instance, error) {
	path := pathOf(r.dir, id)
	seen := versionOf(path)
	r.counts.read.Add(1)
	var i Instance
	err := error(nil)
	if seen.size <= maxFile { // else it won't be read
		*budget -= seen.size
	}
	if *budget < 0 && seen.size <= maxFile {
		err = &FileError{Path: path, Err: &errors.Error{Kind: errors.Limit, Op: "the files of the directory are too large in all"}}
	} else {
		i, err = load(r.dir, id)
	}
	if err == nil || missing(err) {
		r.complaints.settle(path)
		return i, err
	}
	r.complaints.file(path, seen, &r.counts, err)
	return i, err
}

// locked calls do while holding the directory's lock.
func (r *Registry) locked(ctx context.Context, do func() error) error {
	unlock, err := r.locks.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

// replace writes i's file. It calls decide under the lock, which calls publish
// or returns why not. Staging and flushing happen before the lock is taken.
func (r *Registry) replace(ctx context.Context, i Instance, decide func(publish func() error) error) error {
	const attempts = 4
	path := pathOf(r.dir, i.ID)
	for attempt := 1; ; attempt++ {
		if _, err := prepare(r.dir); err != nil {
			return err
		}
		staged, err := r.stage(i)
		if err == nil {
			err = r.locked(ctx, func() error {
				return decide(func() error { return publish(ctx, staged, path) })
			})
		}
		if err == nil {
			syncDir(r.dir)
			return nil
		}
		if staged != "" {
			_ = os.Remove(staged)
		}
		// The directory was deleted meanwhile, or the staged file was swept by
		// somebody who can't see this process.
		if missing(err) && attempt < attempts {
			continue
		}
		return asFileError(path, err)
	}
}

// asFileError names the file unless err names a path of its own choice.
func asFileError(path string, err error) error {
	if _, ok := errors.AsType[*LockError](err); ok {
		return err
	}
	if errors.Is(err, ErrVanished) || errors.Is(err, ErrUnregistered) || errors.Is(err, errOutdated) {
		return err
	}
	if _, ok := errors.AsType[*FileError](err); ok {
		return err
	}
	return &FileError{Path: path, Err: err}
}

// removeDead removes the file of an instance whose process is dead, provided
// that it still describes that very process. It reports whether it did.
func (r *Registry) removeDead(ctx context.Context, i Instance) (removed bool, err error) {
	path := pathOf(r.dir, i.ID)
	err = r.locked(ctx, func() error {
		now, err := load(r.dir, i.ID)
		if err != nil || !now.isOf(i) || !now.Liveness().Dead() {
			return nil
		}
		removed = true
		return erase(ctx, path)
	})
	if err == nil || missing(err) {
		return removed, nil
	}
	return false, asFileError(path, err)
}

func (r *Registry) sweep() { r.counts.swept.Add(uint64(sweep(r.dir, time.Now()))) }
