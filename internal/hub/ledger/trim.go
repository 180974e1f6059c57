package ledger

import (
	"context"
	"time"
)

// trim drops what is too much or too old. A call without an outcome that stands in the way
// is written again at the end. It is called with writing held.
func (l *Ledger) trim(ctx context.Context, now time.Time) {
	for {
		h, carry := l.overdue(now)
		switch {
		case h == nil:
			return
		case !carry:
			l.drop(h)
		case !l.carry(ctx, h):
			return
		}
	}
}

// overdue returns the oldest call if it has to go, and whether it must be kept all the same.
func (l *Ledger) overdue(now time.Time) (h *held, carry bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) == 0 {
		return nil, false
	}
	h = l.order[0]
	tooMany := len(l.calls) > l.opts.MaxCalls
	if h.Verdict == Pending {
		if !tooMany {
			return nil, false
		}
		return h, true
	}
	if !tooMany && now.Sub(h.Settled) <= l.opts.MaxAge {
		return nil, false
	}
	return h, false
}

// drop forgets the oldest call.
func (l *Ledger) drop(h *held) {
	l.mu.Lock()
	delete(l.calls, h.ID)
	l.shiftLocked()
	next := h.index + 1
	if len(l.order) > 0 {
		next = l.order[0].index
	}
	l.mu.Unlock()
	// A mark that is lost is set again by the next one; a failed journal says so at the next
	// Issue.
	_ = l.journal.Trim(stream, next)
}

// carry moves the oldest call, which has no outcome, to the end.
func (l *Ledger) carry(ctx context.Context, h *held) bool {
	data, err := issueOf(&h.Call) // does not change while writing is held
	if err != nil {
		return false
	}
	ticket, err := l.journal.Stage(ctx, stream, data)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shiftLocked()
	h.index = ticket.Index
	l.order = append(l.order, h)
	return true
}

func (l *Ledger) shiftLocked() {
	l.order[0] = nil
	l.order = l.order[1:]
}
