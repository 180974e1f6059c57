package httpconn

import (
	"context"
	"iter"
	"time"

	"github.com/standardbeagle/brum/session"
)

// watcherQueue is how many changes may wait for a watcher; it loses those beyond.
const watcherQueue = 256

// Watch yields the changes of state from now on, until ctx is done or the Conn has ended; the
// change to Closed is the last.
func (c *Conn) Watch(ctx context.Context) iter.Seq[session.Change] {
	changes := make(chan session.Change, watcherQueue)
	c.mu.Lock()
	over := c.stats.State == session.Closed
	if !over {
		c.watcher[changes] = struct{}{}
	}
	c.mu.Unlock()
	return func(yield func(session.Change) bool) {
		defer func() {
			c.mu.Lock()
			delete(c.watcher, changes)
			c.mu.Unlock()
		}()
		for !over {
			select {
			case ch := <-changes:
				if !yield(ch) || ch.To == session.Closed {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// becomeLocked changes the state and tells of it.
func (c *Conn) becomeLocked(to session.State, now time.Time, ch session.Change) {
	if c.stats.State == to {
		return
	}
	ch.From, ch.To, ch.At, ch.Attempt = c.stats.State, to, now, c.stats.Attempt
	c.stats.State, c.stats.Since = to, now
	close(c.changed)
	c.changed = make(chan struct{})
	for w := range c.watcher {
		offer(w, ch)
	}
}

// offer drops ch if w is full, unless it is the last one, for which it makes room.
func offer(w chan session.Change, ch session.Change) {
	for {
		select {
		case w <- ch:
			return
		default:
			if ch.To != session.Closed {
				return
			}
		}
		select {
		case <-w:
		default:
		}
	}
}
