package durable

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session/journal"
)

// store is a stream's send log: what the journal holds and, where the channel may go on
// without its journal, in memory what was sent after that failed.
type store struct {
	journal *journal.Journal
	name    string
	limit   int // of tail, in bytes; 0 where there is no going on

	mu sync.Mutex
	// guards following, which are in use after a failure only
	base  journal.Cursor   // what the peer has committed, when the journal can't note it
	tail  []journal.Record // without gaps
	bytes int              // what tail counts towards limit
}

// overhead is what a message in memory counts in addition to its payload.
const overhead = 64

// append adds a message and returns its number when it is safe.
func (s *store) append(ctx context.Context, payload []byte) (uint64, error) {
	if s.limit == 0 {
		return s.journal.Append(ctx, s.name, payload)
	}
	ticket, err := s.journal.Stage(ctx, s.name, payload)
	if err == nil {
		// Should the journal fail, the number is given to what comes next in memory: the
		// caller must not leave with it before that is known.
		if err = ticket.Wait(context.WithoutCancel(ctx)); err == nil {
			return ticket.Index, nil
		}
	}
	if !errors.Is(err, journal.ErrFailed) {
		return 0, err
	}
	return s.remember(payload)
}

// remember keeps a message in memory.
func (s *store) remember(payload []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := len(payload) + overhead; {
	case n > s.limit:
		return 0, fmt.Errorf("durable: stream %q: message of %d bytes never fits into %d of memory: %w", s.name, len(payload), s.limit, errors.Invalid)
	case s.bytes+n > s.limit:
		return 0, &journal.FullError{Stream: s.name, What: "bytes in memory", Limit: int64(s.limit)}
	}
	last := s.end()
	rec := journal.Record{Index: last.Next, Payload: append([]byte(nil), payload...), Digest: journal.Extend(last.Digest, payload)}
	s.tail = append(s.tail, rec)
	s.bytes += len(payload) + overhead
	return rec.Index, nil
}

// end returns the end of the log. mu is held.
func (s *store) end() journal.Cursor {
	if n := len(s.tail); n > 0 {
		return journal.Cursor{Next: s.tail[n-1].Index + 1, Digest: s.tail[n-1].Digest}
	}
	st, _ := s.journal.Stream(s.name)
	return later(st.Sent, s.base)
}

// bounds returns where the log begins and ends.
func (s *store) bounds() (committed, end journal.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, _ := s.journal.Stream(s.name)
	return later(st.Committed, s.base), s.end()
}

func later(a, b journal.Cursor) journal.Cursor {
	if a.Next >= b.Next {
		return a
	}
	return b
}

// digestAt returns the digest of everything below next, if that is known.
func (s *store) digestAt(next uint64) (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next > 0 && next == s.base.Next {
		return s.base.Digest, true
	}
	if len(s.tail) > 0 && next > s.tail[0].Index {
		i := next - s.tail[0].Index - 1
		if i >= uint64(len(s.tail)) {
			return 0, false
		}
		return s.tail[i].Digest, true
	}
	if next < s.base.Next {
		return 0, false
	}
	if _, known := s.journal.Stream(s.name); !known {
		return 0, next == 0
	}
	return s.journal.DigestAt(s.name, next)
}

// trim drops everything below c, which the peer has committed and which is not beyond the end.
// A journal that can't note it any more hears of it again in its next life.
func (s *store) trim(c journal.Cursor) error {
	err := s.journal.Trim(s.name, c.Next)
	if err == nil || !errors.Is(err, journal.ErrFailed) && !errors.Is(err, journal.ErrClosed) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = later(s.base, c)
	for len(s.tail) > 0 && s.tail[0].Index < s.base.Next {
		s.bytes -= len(s.tail[0].Payload) + overhead
		s.tail[0] = journal.Record{}
		s.tail = s.tail[1:]
	}
	return nil
}

// replay iterates over the messages from number from to the end as it is by then.
func (s *store) replay(from uint64) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		st, known := s.journal.Stream(s.name)
		if known && from < st.Sent.Next {
			for rec, err := range s.journal.Replay(s.name, from) {
				if !yield(rec, err) || err != nil {
					return
				}
				from = rec.Index + 1
			}
		}
		for {
			rec, ok := s.remembered(from)
			if !ok || !yield(rec, nil) {
				return
			}
			from = rec.Index + 1
		}
	}
}

// remembered returns the first message in memory from number from on.
func (s *store) remembered(from uint64) (journal.Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tail) == 0 {
		return journal.Record{}, false
	}
	i := max(from, s.tail[0].Index) - s.tail[0].Index
	if i >= uint64(len(s.tail)) {
		return journal.Record{}, false
	}
	return s.tail[i], true
}
