package session

import "sync"

// DefaultBudgetBytes bounds the memory of all sessions of a process that share the default Budget.
const DefaultBudgetBytes = 256 << 20

// fairShare is what every session may hold whatever the others do, so that
// sessions that are stuck can't silence those that are not.
const fairShare = 2 * largeBlock

// smallMessage is how much of messages a session may put together whatever others do.
const smallMessage = 1 << 20

// Budget bounds the memory that sessions hold together: replay buffers and grown receive
// windows on one account, and large messages that are being put together on another of the
// same size. It may be shared by any number of sessions and used concurrently.
//
// No session can use it up: beyond a small share that each has, a session may hold no more than
// it leaves free. One alone gets half of an account, a second that wants all a third, and so on.
// Only a session's first large message may take whatever is free.
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
	if held+n > fairShare && held+n > b.limit-b.used-n {
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

// takeMessage reserves n bytes for a message that is about to be put together, in a session
// where held bytes are reserved for others.
func (b *Budget) takeMessage(n, held int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	free := b.limit - b.messages - n
	if held+n > smallMessage && (free < 0 || (held > 0 && held+n > free)) {
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
