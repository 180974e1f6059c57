package session

import "sync"

// DefaultBudgetBytes bounds the memory of all sessions of a process that share the default Budget.
const DefaultBudgetBytes = 256 << 20

// fairShare is what every session may hold whatever the others do, so that
// sessions that are stuck can't silence those that are not.
const fairShare = 2 * largeBlock

// stretchShare is the part of an account, one of so many, that the stretching of either direction
// (see Config.LongPath) may take for all sessions together: so much that the sessions of a process
// do not outgrow what is kept for those that lose their links at the same moment.
const stretchShare = 8

// smallMessage is how much of messages a session may put together whatever others do.
const smallMessage = 1 << 20

// Budget bounds the memory that sessions hold together: replay buffers and grown receive
// windows on one account, and large messages that are being put together on another of the
// same size. It may be shared by any number of sessions and used concurrently.
//
// No session can use it up: beyond a small share that each has, a session may hold no more than
// it leaves free. One alone gets half of an account, a second that wants all a third, and so on.
// Only a session's first large message may take whatever is free. What windows are stretched by for
// long paths (Config.LongPath) is on the first account, too, an eighth of it at most in each
// direction, which is shared in the same way: one session alone may stretch by a sixteenth.
type Budget struct {
	limit int

	mu        sync.Mutex
	used      int
	stretched [stretchCount]int // of used
	messages  int
	freed     chan struct{} // closed and forgotten at the next release
}

// stretch is what is stretched for a long path.
type stretch uint8

const (
	stretchSent     stretch = iota // replay buffers
	stretchReceived                // windows of streams
	stretchCount
)

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

// takeStretch reserves least to most bytes, as many as a session may have that holds held of its
// kind already, or none.
func (b *Budget) takeStretch(of stretch, least, most, held int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := min(most, (b.leftToStretch(of)-held)/2)
	if got < least {
		return 0
	}
	b.used += got
	b.stretched[of] += got
	return got
}

func (b *Budget) releaseStretch(of stretch, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.stretched[of] -= n
	b.tell()
}

// stretchLeft is what is left for stretching.
func (b *Budget) stretchLeft(of stretch) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.leftToStretch(of)
}

// leftToStretch is stretchLeft with mu held.
func (b *Budget) leftToStretch(of stretch) int {
	return min(b.limit/stretchShare-b.stretched[of], b.limit-b.used)
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
