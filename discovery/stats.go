package discovery

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/standardbeagle/brum/errors"
)

// Stats counts what a Registry and its watchers have done since Open.
type Stats struct {
	Scans           uint64 // readings of the whole directory
	FilesRead       uint64
	FilesSkipped    uint64 // versions of files that could not be used
	InstancesGone   uint64 // files removed because their process was dead
	TempsSwept      uint64 // temporary files of killed writers removed
	Checks          uint64 // rounds of looking whether processes live
	NotifyErrors    uint64 // failures of the file system's notification
	NotifyOverflows uint64 // notifications lost by the system
	Armed           uint64 // times that notification was set up
	Wakeups         uint64 // times that a watcher had something to do
	Polls           uint64 // scans for a change that was not notified, where notification can't be relied on
	LocksBroken     uint64 // lock files of dead holders removed, where file locks don't work
}

type counters struct {
	scans, read, skipped, removed, swept, checks, notifyErrors, overflows, armed, wakeups, polls, locksBroken atomic.Uint64
}

// Stats returns the counts so far.
func (r *Registry) Stats() Stats {
	c := &r.counts
	return Stats{
		Scans: c.scans.Load(), FilesRead: c.read.Load(), FilesSkipped: c.skipped.Load(),
		InstancesGone: c.removed.Load(), TempsSwept: c.swept.Load(), Checks: c.checks.Load(),
		NotifyErrors: c.notifyErrors.Load(), NotifyOverflows: c.overflows.Load(), Armed: c.armed.Load(),
		Wakeups: c.wakeups.Load(), Polls: c.polls.Load(), LocksBroken: c.locksBroken.Load(),
	}
}

// complaints logs what is wrong with a path once per version of it.
type complaints struct {
	log  *slog.Logger
	mu   sync.Mutex // guards seen
	seen map[string]version
}

// mostComplaints bounds seen; beyond it, a complaint may be repeated.
const mostComplaints = 2 * maxFiles

func (c *complaints) file(path string, v version, counts *counters, err error) {
	if c.fresh(path, v) {
		counts.skipped.Add(1)
		c.log.Warn("instance file skipped", "path", path, "kind", errors.Of(err).String(), "err", err.Error())
	}
}

func (c *complaints) fresh(path string, v version) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.seen[path]; ok && last == v {
		return false
	}
	if c.seen == nil || len(c.seen) >= mostComplaints {
		c.seen = map[string]version{}
	}
	c.seen[path] = v
	return true
}

// settle forgets path: it is fine or gone.
func (c *complaints) settle(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, path)
}
