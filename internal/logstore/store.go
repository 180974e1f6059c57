package logstore

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
)

const (
	// MinLimit is the smallest memory limit of a store.
	MinLimit = 256 << 10

	// maxRuns bounds the runs remembered; the oldest closed ones are forgotten.
	maxRuns = 256
)

// Store holds the lines of many runs. Create it with New.
type Store struct {
	incarnation uint64
	limit       int64
	maxChunk    int // bytes of text; eviction works in chunks

	mu     sync.Mutex
	global uint64 // number of the last line of all
	used   int64
	opened uint64
	runs   []*Run        // in order of opening
	wake   chan struct{} // nil unless a reader of the merged stream waits
}

// New returns an empty store that keeps to limit bytes of memory, at least MinLimit.
func New(limit int64) *Store {
	limit = max(limit, MinLimit)
	var b [8]byte
	rand.Read(b[:]) // never fails, as documented
	return &Store{
		incarnation: binary.BigEndian.Uint64(b[:]),
		limit:       limit,
		maxChunk:    int(min(max(limit/128, minChunk), 64<<10)),
	}
}

// Open starts the log of one process. The id must be unique in the store; several
// runs may share a name, and a reader by name goes from one to the next.
func (s *Store) Open(name, id string) *Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	r := &Run{store: s, name: name, id: id, number: s.opened}
	s.runs = append(s.runs, r)
	if len(s.runs) > maxRuns {
		s.forgetLocked()
	}
	s.wakeLocked(r)
	return r
}

// Used returns the bytes of memory that the lines take now.
func (s *Store) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// forgetLocked drops the oldest closed run, if there is one.
func (s *Store) forgetLocked() {
	for i, r := range s.runs {
		if r.closed {
			s.used -= r.cost
			s.runs = append(s.runs[:i:i], s.runs[i+1:]...)
			return
		}
	}
}

// evictLocked makes room for n bytes of the run grower, at the expense of
// whoever holds the most; a tie is grower's loss.
func (s *Store) evictLocked(grower *Run, n int64) {
	for s.used+n > s.limit {
		biggest := grower
		for _, r := range s.runs {
			if r.cost > biggest.cost {
				biggest = r
			}
		}
		if len(biggest.chunks) == 0 {
			return // one chunk above the limit: impossible, as MinLimit exceeds it
		}
		biggest.dropOldestLocked()
	}
}

// wakeLocked wakes those who wait for r or for any run.
func (s *Store) wakeLocked(r *Run) {
	if r.wake != nil {
		close(r.wake)
		r.wake = nil
	}
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
}

func (s *Store) runByNumberLocked(n uint64) *Run {
	for _, r := range s.runs {
		if r.number == n {
			return r
		}
	}
	return nil
}

// resolveLocked finds a run by id, else the latest of that name.
func (s *Store) resolveLocked(process string) (r *Run, byName bool) {
	for _, r := range s.runs {
		if r.id == process {
			return r, false
		}
	}
	for i := len(s.runs) - 1; i >= 0; i-- {
		if s.runs[i].name == process {
			return s.runs[i], true
		}
	}
	return nil, false
}

// successorLocked is the next run of the same name.
func (s *Store) successorLocked(r *Run) *Run {
	for _, o := range s.runs {
		if o.number > r.number && o.name == r.name {
			return o
		}
	}
	return nil
}
