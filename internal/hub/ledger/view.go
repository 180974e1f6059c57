package ledger

import (
	"slices"

	"github.com/standardbeagle/brum/internal/callid"
)

// Get returns the call of that id.
func (l *Ledger) Get(id callid.ID) (Call, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.calls[id]; h != nil {
		return h.Call, true
	}
	return Call{}, false
}

// Unsettled returns the calls without an outcome, in the order in which they were issued.
func (l *Ledger) Unsettled() []Call {
	return l.Recent(func(c *Call) bool { return c.Verdict == Pending }, l.opts.MaxCalls)
}

// Recent returns the latest calls for which want is true, limit at most, in the order in
// which they were issued. want must be quick and must not call the ledger.
func (l *Ledger) Recent(want func(*Call) bool, limit int) []Call {
	l.mu.Lock()
	var out []Call
	for _, h := range l.order {
		if want(&h.Call) {
			out = append(out, h.Call)
		}
	}
	l.mu.Unlock()
	slices.SortStableFunc(out, func(a, b Call) int { return a.Issued.Compare(b.Issued) })
	return out[max(0, len(out)-limit):]
}

// Counts returns how many calls there are, and how many of them have no outcome.
func (l *Ledger) Counts() (all, pending int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls), l.open
}
