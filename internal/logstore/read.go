package logstore

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	// MaxLimit is the most lines one answer holds.
	MaxLimit = 10_000
	// DefaultLimit applies where a query names none.
	DefaultLimit = 100

	maxAnswer = 1 << 20 // bytes of text in one answer, give or take a line

	// wakePause is how long a reader lets lines gather after it was woken by
	// lines that were none of its business.
	wakePause = 10 * time.Millisecond
)

// Query asks for lines of one stream. With a Cursor it reads on after it,
// without one it asks for the last lines.
type Query struct {
	// Process is a process id, or a name: then reading begins with the latest
	// run of that name and goes on to its successors. Empty: all processes.
	// It must be the same as in the query that the cursor came from.
	Process string
	Level   Level // least severe level wanted
	Cursor  string
	Limit   int           // lines, default DefaultLimit, at most MaxLimit
	Wait    time.Duration // how long to wait for a first line, if there is none
}

// Page is the answer to a Query.
type Page struct {
	Lines  []Line
	Cursor string // where to read on
	// Gap counts the lines after the query's cursor that were dropped unread,
	// of whatever level.
	Gap uint64
	// GapUnknown: more lines than Gap says may have been lost, nobody can say how many.
	GapUnknown bool
	// Restarted: the query's cursor is of an earlier process; this page begins
	// with the oldest line of the present one.
	Restarted bool
	More      bool // there are lines after Cursor already
	Ended     bool // the process is done and Cursor is behind its last line
}

// Read returns a page of lines. An empty page after Wait is no error. The error
// is ErrCursor, ErrUnknownProcess or ctx's.
func (s *Store) Read(ctx context.Context, q Query) (Page, error) {
	rd := reader{store: s, query: q, limit: clampLimit(q.Limit)}
	if err := rd.open(); err != nil {
		return Page{}, err
	}
	if q.Cursor == "" {
		if err := rd.tail(ctx); err != nil {
			return Page{}, err
		}
	}
	if q.Cursor != "" || q.Wait > 0 {
		if err := rd.follow(ctx); err != nil {
			return Page{}, err
		}
	}
	return rd.finish(), nil
}

func clampLimit(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return min(n, MaxLimit)
}

// reader is one Read on its way.
type reader struct {
	store *Store
	query Query
	limit int

	sel    selection
	byName bool
	pos    uint64
	moved  bool // pos has changed
	bytes  int
	page   Page
}

// open finds the stream and the position in it.
func (rd *reader) open() error {
	s := rd.store
	s.mu.Lock()
	defer s.mu.Unlock()

	if rd.query.Process != "" {
		r, byName := s.resolveLocked(rd.query.Process)
		if r == nil {
			return fmt.Errorf("%w: %q", ErrUnknownProcess, rd.query.Process)
		}
		rd.sel.run, rd.byName = r, byName
	}
	if rd.query.Cursor == "" {
		rd.pos = rd.sel.endLocked(s)
		return nil
	}
	c, err := parseCursor(rd.query.Cursor)
	switch {
	case err != nil:
		return err
	case (c.run == 0) != (rd.sel.run == nil):
		return fmt.Errorf("%w: it belongs to another stream", ErrCursor)
	case c.incarnation != s.incarnation:
		rd.page.Restarted, rd.page.GapUnknown = true, true
		rd.toOldestOfNameLocked(0)
		return nil
	}
	return rd.resumeLocked(c)
}

// resumeLocked continues at a cursor of this store.
func (rd *reader) resumeLocked(c cursor) error {
	s := rd.store
	if c.run != 0 && c.run != rd.sel.run.number {
		r := s.runByNumberLocked(c.run)
		switch {
		case c.run > s.opened || !rd.byName || (r != nil && r.name != rd.query.Process):
			return fmt.Errorf("%w: it belongs to another stream", ErrCursor)
		case r == nil: // forgotten together with its count
			rd.page.GapUnknown = true
			rd.toOldestOfNameLocked(c.run)
			return nil
		}
		rd.sel.run = r
	}
	if c.pos > rd.sel.endLocked(s) {
		return fmt.Errorf("%w: it is ahead of the log", ErrCursor)
	}
	rd.pos = c.pos
	return nil
}

// toOldestOfNameLocked goes to the start of the stream; for a name that is the
// oldest run opened after number.
func (rd *reader) toOldestOfNameLocked(number uint64) {
	rd.pos = 0
	if !rd.byName {
		return
	}
	for _, r := range rd.store.runs {
		if r.name == rd.query.Process && r.number > number {
			rd.sel.run = r
			return
		}
	}
}

// tail collects the last lines up to pos.
func (rd *reader) tail(ctx context.Context) error {
	below := rd.pos + 1
	for exhausted := false; !exhausted && !rd.full(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		var lines []Line
		rd.store.mu.Lock()
		lines, exhausted = rd.store.backwardLocked(rd.sel, below)
		rd.store.mu.Unlock()
		for i := range lines {
			below = rd.sel.number(&lines[i])
			if rd.take(&lines[i]); rd.full() {
				break
			}
		}
	}
	slices.Reverse(rd.page.Lines)
	return nil
}

// follow collects lines after pos; while it has none it waits as long as the
// query allows.
func (rd *reader) follow(ctx context.Context) error {
	deadline := time.NewTimer(rd.query.Wait)
	defer deadline.Stop()
	woken := false
	for !rd.full() {
		wake, p := rd.step()
		if err := ctx.Err(); err != nil {
			return err
		}
		if p == scanning {
			continue
		}
		// A reader that asks again behind the end of a finished process waits
		// like any other, lest it spin.
		if len(rd.page.Lines) > 0 || rd.query.Wait <= 0 || p == ended && (woken || rd.moved) {
			return nil
		}
		if woken && !rd.pause(ctx, deadline.C) {
			return ctx.Err()
		}
		select {
		case <-wake:
			woken = true
		case <-deadline.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// pause lets lines gather. It reports false if waiting is over.
func (rd *reader) pause(ctx context.Context, deadline <-chan time.Time) bool {
	t := time.NewTimer(wakePause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-deadline:
	case <-ctx.Done():
	}
	return false
}

// progress is what a step of reading came to.
type progress uint8

const (
	scanning progress = iota // there is more to look at
	caughtUp                 // wait for wake
	ended                    // caught up with a process that is done
)

// step looks at one batch and moves pos over it.
func (rd *reader) step() (wake <-chan struct{}, p progress) {
	s := rd.store
	s.mu.Lock()
	lines, exhausted := s.forwardLocked(rd.sel, rd.pos)
	end := rd.sel.endLocked(s)
	closed := rd.sel.run != nil && rd.sel.run.closed
	var successor *Run
	if exhausted {
		p = caughtUp
		if closed && rd.byName {
			successor = s.successorLocked(rd.sel.run)
		} else if closed {
			p = ended
		}
		wake = rd.wakeLocked(closed)
	}
	s.mu.Unlock()

	for i := range lines {
		n := rd.sel.number(&lines[i])
		rd.page.Gap += n - rd.pos - 1
		rd.pos, rd.moved = n, true
		if rd.take(&lines[i]); rd.full() {
			return nil, scanning
		}
	}
	if exhausted && end > rd.pos {
		rd.page.Gap += end - rd.pos
		rd.pos, rd.moved = end, true
	}
	if successor != nil {
		rd.sel.run, rd.pos, rd.moved = successor, 0, true
		return nil, scanning
	}
	return wake, p
}

// wakeLocked returns the channel that the next append to the stream closes. A
// reader by name whose run is done waits for any run to be opened.
func (rd *reader) wakeLocked(closed bool) <-chan struct{} {
	slot := &rd.store.wake
	if rd.sel.run != nil && !(closed && rd.byName) {
		slot = &rd.sel.run.wake
	}
	if *slot == nil {
		*slot = make(chan struct{})
	}
	return *slot
}

func (rd *reader) take(l *Line) {
	if l.Level >= rd.query.Level {
		rd.page.Lines = append(rd.page.Lines, *l)
		rd.bytes += len(l.Text)
	}
}

func (rd *reader) full() bool {
	return len(rd.page.Lines) >= rd.limit || rd.bytes >= maxAnswer
}

func (rd *reader) finish() Page {
	s := rd.store
	c := cursor{incarnation: s.incarnation, pos: rd.pos}
	s.mu.Lock()
	defer s.mu.Unlock()
	rd.page.More = rd.pos < rd.sel.endLocked(s)
	if r := rd.sel.run; r != nil {
		c.run = r.number
		rd.page.More = rd.page.More || rd.byName && s.successorLocked(r) != nil
		rd.page.Ended = r.closed && !rd.byName && !rd.page.More
	}
	rd.page.Cursor = c.String()
	return rd.page
}
