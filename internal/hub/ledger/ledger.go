package ledger

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/session/journal"
)

// Options of Open; zero fields mean the defaults.
type Options struct {
	MaxCalls   int           // that are kept; default 4096
	MaxAge     time.Duration // of settled calls; default 7 days
	MaxReaders int           // default 128
	Logger     *slog.Logger
	// SegmentBytes is the size of the journal's files; see journal.Options.
	SegmentBytes int64
}

// Ledger is open. Its methods may be called concurrently.
type Ledger struct {
	opts    Options
	journal *journal.Journal
	// writing is held while something is handed to the journal, which may wait for the disk;
	// it is taken before mu. So records are in the order of the changes to the fields below.
	writing sync.Mutex

	mu    sync.Mutex // guards following; changes are made with writing held, too
	calls map[callid.ID]*held
	order []*held // by index
	open  int     // of them without an outcome
}

// held is a call with the number of the record that issued it.
type held struct {
	Call
	index uint64
}

const stream = "calls"

// Open opens the ledger in the directory path, or makes it; the directory above must exist.
// The errors are those of journal.Open and of reading it.
func Open(path string, o Options) (*Ledger, error) {
	o.MaxCalls = cmp.Or(o.MaxCalls, 4096)
	o.MaxAge = cmp.Or(o.MaxAge, 7*24*time.Hour)
	o.MaxReaders = cmp.Or(o.MaxReaders, 128)
	j, err := journal.Open(path, &journal.Options{MaxStreams: 1 + o.MaxReaders, Logger: o.Logger, SegmentBytes: o.SegmentBytes})
	if err != nil {
		return nil, err
	}
	l := &Ledger{opts: o, journal: j, calls: make(map[callid.ID]*held)}
	if err := l.replay(); err != nil {
		j.Close()
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return l, nil
}

// replay reads the journal.
func (l *Ledger) replay() error {
	s, ok := l.journal.Stream(stream)
	if !ok {
		return nil
	}
	for rec, err := range l.journal.Replay(stream, s.Committed.Next) {
		if err != nil {
			return err
		}
		e, err := readEntry(rec.Payload)
		if err != nil {
			return err
		}
		l.apply(&e, rec.Index)
	}
	order := l.order[:0]
	for _, h := range l.order {
		if l.calls[h.ID] == h {
			order = append(order, h)
		}
	}
	l.order = order
	return nil
}

// apply repeats a record.
func (l *Ledger) apply(e *entry, index uint64) {
	h := l.calls[e.ID]
	switch {
	case e.Verdict == "":
		if h != nil {
			if h.Verdict != Pending {
				return
			}
			l.open-- // it was carried on from its old place
		}
		h = &held{e.call(), index}
		l.calls[e.ID] = h
		l.order = append(l.order, h)
		l.open++
	case h != nil && h.Verdict == Pending: // else the issue was trimmed
		h.Verdict, h.Settled = e.Verdict, e.Settled
		h.Took = time.Duration(e.TookMS * float64(time.Millisecond))
		l.open--
	}
}

// Close waits until everything is on disk, and unlocks the ledger.
func (l *Ledger) Close() error { return l.journal.Close() }

// Err returns nil, or why the ledger takes nothing any more.
func (l *Ledger) Err() error { return l.journal.Err() }

// Issue writes down a call before it is sent, and returns when it is on disk. A *KnownError
// says that there is one of that id, *FullError that too many have no outcome; any other
// error is one of the journal's. After an error other than *KnownError nothing is known to be
// on disk; whether the call is sent all the same is the caller's decision.
func (l *Ledger) Issue(ctx context.Context, c Call) error {
	c.Tool, c.Name = Cut(c.Tool), Cut(c.Name)
	c.Verdict, c.Settled, c.Took = Pending, time.Time{}, 0
	data, err := issueOf(&c)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	ticket, err := l.stageIssue(ctx, c, data)
	if err != nil {
		return err
	}
	return ticket.Wait(ctx)
}

// stageIssue hands an issue to the journal.
func (l *Ledger) stageIssue(ctx context.Context, c Call, data []byte) (journal.Ticket, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.admit(c.ID); err != nil {
		return journal.Ticket{}, err
	}
	ticket, err := l.journal.Stage(ctx, stream, data)
	if err != nil {
		return ticket, err
	}
	h := &held{c, ticket.Index}
	l.mu.Lock()
	l.calls[c.ID] = h
	l.order = append(l.order, h)
	l.open++
	l.mu.Unlock()
	l.trim(ctx, c.Issued)
	return ticket, nil
}

// admit reports why a call can't be issued.
func (l *Ledger) admit(id callid.ID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.calls[id]; h != nil {
		return &KnownError{h.Call}
	}
	if l.open >= l.opts.MaxCalls {
		return &FullError{"calls without an outcome", l.open}
	}
	return nil
}

// Settle writes down what became of a call; the first verdict counts. It does not wait for
// the disk, unless very much is on its way there. It is no error if the call is not in the
// ledger.
func (l *Ledger) Settle(id callid.ID, v Verdict, at time.Time) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	c, ok := l.settle(id, v, at)
	if !ok {
		return nil
	}
	data, err := outcomeOf(&c)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	_, err = l.journal.Stage(context.Background(), stream, data)
	return err
}

func (l *Ledger) settle(id callid.ID, v Verdict, at time.Time) (Call, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.calls[id]
	if h == nil || h.Verdict != Pending {
		return Call{}, false
	}
	h.Verdict, h.Settled, h.Took = v, at, max(0, at.Sub(h.Issued))
	l.open--
	return h.Call, true
}
