package session

import "sync"

// DefaultBudgetBytes bounds the memory of all sessions of a process that share the default Budget.
const DefaultBudgetBytes = 256 << 20

// fairShare is what every session may hold whatever the others do, so that
// sessions that are stuck can't silence those that are not.
const fairShare = 2 * largeBlock

// smallMessage is how large a message may be that is put together whatever others do.
const smallMessage = 1 << 20

// Budget bounds the memory that sessions hold together: replay buffers and grown receive
// windows on one account, and large messages that are being put together on another of the
// same size. It may be shared by any number of sessions and used concurrently.
type Budget struct {
	limit int

	mu       sync.Mutex
	used     int
	messages int
	freed    chan struct{} // closed and forgotten at the next release
}

// NewBudget returns a budget of limit bytes on each account. No message larger than that can
// be received under it.
func NewBudget(limit int) *Budget { return &Budget{limit: limit} }

var defaultBudget = NewBudget(DefaultBudgetBytes)

// Used returns the bytes now held on both accounts.
func (b *Budget) Used() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used + b.messages
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
	b.tell()
}

// takeMessage reserves n bytes for a message that is about to be put together.
func (b *Budget) takeMessage(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.messages+n > b.limit && n > smallMessage {
		return false
	}
	b.messages += n
	return true
}

func (b *Budget) releaseMessage(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages -= n
	b.tell()
}

// tell wakes whoever waits for a release. mu is held.
func (b *Budget) tell() {
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
