package discovery

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// observer is what a watcher's loop knows. Only that loop touches it.
type observer struct {
	registry *Registry
	box      *mailbox

	notifier notifier
	watched  fs.FileInfo // the directory that notifier watches
	failed   bool        // the last set-up failed and was logged
	hearing  hearing     // whether the notification delivers
	poll     poll

	known  map[string]Instance    // listed
	asRead map[string]fs.FileInfo // files of known instances that are as they were read; see settled
	dead   map[string]Instance    // not listed any more, file still to be removed

	missed bool // something was not read, for want of file descriptors

	tidying sync.WaitGroup // the one goroutine that removes files
	busy    bool           // it runs
	due     bool           // it is to run; once for each new death, and once a check for what remains
	tidied  chan struct{}  // it is done
}

func newObserver(r *Registry, box *mailbox) *observer {
	return &observer{registry: r, box: box, known: map[string]Instance{}, asRead: map[string]fs.FileInfo{},
		dead: map[string]Instance{}, tidied: make(chan struct{}, 1)}
}

func (o *observer) idOf(path string) (string, bool) { return idOf(filepath.Base(path)) }

// rearm makes the directory if it is missing and sets up its notification. Only
// an unusable directory is an error: without notification there are scans.
func (o *observer) rearm() error {
	o.disarm()
	info, err := prepare(o.registry.dir)
	if err != nil {
		return err
	}
	o.watched = info
	n, err := o.registry.config.notify(o.registry.dir)
	if err != nil {
		o.registry.counts.notifyErrors.Add(1)
		if !o.failed {
			o.registry.config.Log.Warn("the discovery directory can't be watched; looking at it regularly instead", "dir", o.registry.dir, "err", err)
		}
		o.failed = true
		return nil
	}
	o.failed = false
	o.notifier = n
	o.registry.counts.armed.Add(1)
	_, shared := o.registry.config.fileSystem(o.registry.dir)
	o.hearing.begin(o.registry.dir, shared)
	return nil
}

func (o *observer) disarm() {
	o.hearing.end()
	o.notifier.stop()
	o.notifier = notifier{}
}

// inPlace reports whether the notification is that of the directory which is at
// the path now.
func (o *observer) inPlace() bool {
	info, err := os.Lstat(o.registry.dir)
	return err == nil && o.watched != nil && os.SameFile(info, o.watched) && o.notifier.armed()
}

// scan reads the whole directory.
func (o *observer) scan() {
	if !o.inPlace() {
		if err := o.rearm(); err != nil {
			// What was known stays: the processes live, whatever happened to
			// the directory.
			o.registry.complaints.file(o.registry.dir, versionOf(o.registry.dir), &o.registry.counts, err)
			return
		}
	}
	if info, err := os.Lstat(o.registry.dir); err == nil {
		o.poll.scanned(info.ModTime())
	}
	o.missed = false
	ids, err := o.registry.ids()
	if err != nil {
		o.missed = outOfFiles(err)
		return
	}
	there := make(map[string]struct{}, len(ids))
	budget := int64(maxTotal)
	for _, id := range ids {
		there[id] = struct{}{}
		o.loadChanged(id, &budget)
	}
	for _, list := range []map[string]Instance{o.known, o.dead} {
		for id := range list {
			if _, ok := there[id]; !ok {
				o.forget(id)
			}
		}
	}
	o.registry.sweep()
}

// refresh reads one file.
func (o *observer) refresh(id string) {
	budget := int64(maxTotal)
	o.load(id, &budget)
}

// loadChanged spares the reading of a file that is as it was.
func (o *observer) loadChanged(id string, budget *int64) {
	info, err := os.Lstat(pathOf(o.registry.dir, id))
	if err != nil {
		o.load(id, budget)
		return
	}
	if i, ok := o.known[id]; ok && o.asRead[id] != nil && sameVersion(info, o.asRead[id]) {
		*budget -= info.Size()
		o.judge(i)
		return
	}
	o.load(id, budget)
	if _, ok := o.known[id]; ok && settled(info, time.Now()) {
		o.asRead[id] = info
	}
}

func (o *observer) load(id string, budget *int64) {
	delete(o.asRead, id)
	i, err := o.registry.read(id, budget)
	switch {
	case err == nil:
		o.judge(i)
	case missing(err):
		o.forget(id)
	default:
		// A known instance whose file has become unusable stays as it was until
		// its process ends: the file is only the doorbell.
		delete(o.dead, id)
		o.missed = o.missed || outOfFiles(err)
	}
}

// outOfFiles reports whether something failed that has nothing to do with what it failed for,
// and soon may not.
func outOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// judge lists i or, if its process is dead, has its file removed.
func (o *observer) judge(i Instance) {
	if i.Liveness().Dead() {
		delete(o.known, i.ID)
		if _, again := o.dead[i.ID]; !again {
			o.due = true
		}
		o.dead[i.ID] = i
		o.box.remove(i.ID)
		return
	}
	delete(o.dead, i.ID)
	o.known[i.ID] = i
	o.box.put(i)
}

func (o *observer) forget(id string) {
	delete(o.known, id)
	delete(o.asRead, id)
	delete(o.dead, id)
	o.box.remove(id)
}

// check looks at every process and at the directory.
func (o *observer) check() {
	o.listen()
	switch {
	case o.displaced(), o.missed:
		o.scan()
	case !o.reliable() && o.changed():
		o.registry.counts.polls.Add(1)
		o.scan()
	}
	for _, i := range slices.Collect(maps.Values(o.known)) {
		o.judge(i)
	}
	o.due = true
	o.registry.counts.checks.Add(1)
}

// displaced reports whether another directory, or none, is at the path, or the
// notification has ended: it is to be set up again.
func (o *observer) displaced() bool {
	info, err := os.Lstat(o.registry.dir)
	return err != nil || o.watched == nil || !os.SameFile(info, o.watched) || !o.failed && !o.notifier.armed()
}

// tidy removes the files of dead processes in the background, since the lock
// may be held by somebody who is stopped. Files that remain are tried again
// after the next check.
func (o *observer) tidy(ctx context.Context) {
	const patience = 5 * time.Second
	if o.busy || !o.due || len(o.dead) == 0 {
		return
	}
	o.busy, o.due = true, false
	dead := slices.Collect(maps.Values(o.dead))
	o.tidying.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		for _, i := range dead {
			o.registry.tidy(ctx, i)
		}
		o.tidied <- struct{}{} // has room: one goroutine at a time
	})
}

// tidy removes one file, and logs that.
func (r *Registry) tidy(ctx context.Context, i Instance) {
	verdict := i.Liveness()
	removed, err := r.removeDead(ctx, i)
	switch {
	case removed:
		r.counts.removed.Add(1)
		r.config.Log.Info("instance is gone", "instance", i.ID, "pid", i.Process.PID, "process", verdict.String())
	case err != nil && ctx.Err() == nil:
		path := pathOf(r.dir, i.ID)
		r.complaints.file(path, versionOf(path), &r.counts, err)
	}
}

// reread looks at the files that were to be removed.
func (o *observer) reread() {
	for _, id := range slices.Collect(maps.Keys(o.dead)) {
		o.refresh(id)
	}
}
