package hub

import (
	"sync"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// changes counts what changed and wakes whoever waits for it. Waiters look at the counts,
// so nothing queues up for a slow one. The zero value is not ready: use newChanges.
type changes struct {
	mu   sync.Mutex
	revs api.Revisions
	next chan struct{} // closed and replaced at each change
}

func newChanges() *changes { return &changes{next: make(chan struct{})} }

func (c *changes) statusChanged() { c.bump(1, 0) }

// toolsChanged implies that the status changed.
func (c *changes) toolsChanged() { c.bump(1, 1) }

func (c *changes) bump(status, tools uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revs.Status += status
	c.revs.Tools += tools
	close(c.next)
	c.next = make(chan struct{})
}

// current returns the revisions and a channel that is closed when they change.
func (c *changes) current() (api.Revisions, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revs, c.next
}
