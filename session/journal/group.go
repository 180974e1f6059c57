package journal

import (
	"context"
	"fmt"
	"sync"
)

// group is what one fsync makes durable for all who asked in the meantime. There are two:
// one collects while the other is written.
type group struct {
	number  uint64
	buf     []byte // begins with room for the batch's header
	sends   []placed
	waiters *waiter
}

// placed is a record of a send log in a group.
type placed struct {
	stream *stream
	index  uint64
	at     int // of the payload in buf
}

func newGroup(number uint64) *group {
	return &group{number: number, buf: make([]byte, batchHeader, 4<<10)}
}

func (g *group) empty() bool { return len(g.buf) == batchHeader }

// reset makes g ready for another batch and gives back what a large one took.
func (g *group) reset() {
	if cap(g.buf) > 2*maxStaged {
		g.buf = make([]byte, batchHeader, 4<<10)
	}
	g.buf = g.buf[:batchHeader]
	clear(g.sends)
	g.sends = g.sends[:0]
	g.number = 0
}

// waiter is one goroutine that waits for a group, or for room in one.
type waiter struct {
	done chan struct{} // holds one, so that nobody ever waits to wake a waiter
	next *waiter
	home *waiters
}

// waiters are a journal's spare ones. They are not shared among journals: channels must not
// cross from one bubble of testing/synctest to another.
type waiters struct{ pool sync.Pool }

func (ws *waiters) get() *waiter {
	if w, ok := ws.pool.Get().(*waiter); ok {
		return w
	}
	return &waiter{done: make(chan struct{}, 1), home: ws}
}

// wake wakes a list of waiters.
func (w *waiter) wake() {
	for w != nil {
		next := w.next // once woken, w belongs to somebody else
		w.done <- struct{}{}
		w = next
	}
}

// join adds the caller to a list. Called with mu held.
func (j *Journal) join(list **waiter) *waiter {
	w := j.spare.get()
	w.next = *list
	*list = w
	return w
}

// wait returns when w was woken or ctx ends.
func (w *waiter) wait(ctx context.Context) error {
	select {
	case <-w.done:
		w.next = nil
		w.home.pool.Put(w)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx) // whoever wakes w leaves it to the garbage collector
	}
}

// wait returns when the batch is durable.
func (j *Journal) wait(ctx context.Context, number uint64) error {
	j.mu.Lock()
	var w *waiter
	switch {
	case j.synced >= number:
		j.mu.Unlock()
		return nil
	case j.err != nil:
		defer j.mu.Unlock()
		return j.err
	case j.flying.number == number:
		w = j.join(&j.flying.waiters)
	case j.staged.number == number:
		w = j.join(&j.staged.waiters)
		j.signal()
	default:
		panic(fmt.Sprintf("BUG: waiting for batch %d of %d", number, j.staged.number))
	}
	j.mu.Unlock()
	if err := w.wait(ctx); err != nil {
		return &PendingError{err}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.synced >= number {
		return nil
	}
	return j.err
}
