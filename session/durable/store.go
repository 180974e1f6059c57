package durable

import (
	"context"
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
	base  journal.Cursor // what the peer has committed
	tail  []journal.Record
	start journal.Cursor // where tail begins: the end of what the journal made durable
	bytes int
}

// append adds a message and returns its number when it is safe.
func (s *store) append(ctx context.Context, payload []byte) (uint64, error) {
	index, err := s.journal.Append(ctx, s.name, payload)
	if s.limit == 0 || !errors.Is(err, journal.ErrFailed) {
		return index, err
	}
	return s.remember(payload)
}

// remember keeps a message in memory.
func (s *store) remember(payload []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+len(payload) > s.limit {
		return 0, &journal.FullError{Stream: s.name, What: "bytes in memory", Limit: int64(s.limit)}
	}
	last := s.endLocked()
	rec := journal.Record{Index: last.Next, Payload: append([]byte(nil), payload...), Digest: journal.Extend(last.Digest, payload)}
	if len(s.tail) == 0 {
		s.start = last
	}
	s.tail = append(s.tail, rec)
	s.bytes += len(payload)
	return rec.Index, nil
}

func (s *store) endLocked() journal.Cursor {
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
	return later(st.Committed, s.base), s.endLocked()
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
	if next == s.base.Next && next > 0 {
		return s.base.Digest, true
	}
	for i := range s.tail {
		if s.tail[i].Index+1 == next {
			return s.tail[i].Digest, true
		}
	}
	if next < s.base.Next {
		return 0, false
	}
	if _, known := s.journal.Stream(s.name); !known {
		return 0, next == 0
	}
	return s.journal.DigestAt(s.name, next)
}

// trim drops everything below c, which the peer has committed.
func (s *store) trim(c journal.Cursor) error {
	err := s.journal.Trim(s.name, c.Next)
	if s.limit == 0 || !errors.Is(err, journal.ErrFailed) {
		if _, beyond := errors.AsType[*journal.BeyondError](err); !beyond {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Next > s.endLocked().Next {
		return &journal.BeyondError{Stream: s.name, Have: s.endLocked().Next, Peer: c.Next}
	}
	s.base = later(s.base, c)
	for len(s.tail) > 0 && s.tail[0].Index < s.base.Next {
		s.bytes -= len(s.tail[0].Payload)
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
	for _, rec := range s.tail {
		if rec.Index >= from {
			return rec, true
		}
	}
	return journal.Record{}, false
}
