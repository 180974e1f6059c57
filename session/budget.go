package session

import "sync"

// DefaultBudgetBytes bounds the memory of all sessions of a process that share the default Budget.
const DefaultBudgetBytes = 256 << 20

// fairShare is what every session may hold whatever the others do, so that
// sessions that are stuck can't silence those that are not.
const fairShare = 2 * largeBlock

// Budget bounds the memory that sessions hold together: replay buffers and grown receive
// windows. It may be shared by any number of sessions and used concurrently.
type Budget struct {
	limit int

	mu    sync.Mutex
	used  int
	freed chan struct{} // closed and forgotten at the next release
}

// NewBudget returns a budget of limit bytes.
func NewBudget(limit int) *Budget { return &Budget{limit: limit} }

var defaultBudget = NewBudget(DefaultBudgetBytes)

// Used returns the bytes now held.
func (b *Budget) Used() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// take reserves n bytes for a session that holds held already.
func (b *Budget) take(n, held int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit && held+n > fairShare {
		return false
	}
	b.used += n
	return true
}

func (b *Budget) release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// wait returns a channel that is closed at the next release.
func (b *Budget) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	return b.freed
}
