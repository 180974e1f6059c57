package logstore

import (
	"sort"
	"time"
)

// Run is the log of one process, written by whoever runs it.
type Run struct {
	store  *Store
	name   string
	id     string
	number uint64 // in order of opening, from 1: what cursors carry

	// store.mu guards following
	chunks []*chunk
	cost   int64
	count  uint64 // lines so far: Seq of the last
	closed bool
	wake   chan struct{} // nil unless a reader of this run waits
}

// piece is a line on its way into the store.
type piece struct {
	text      []byte
	level     Level
	continued bool
}

// Note adds a line of brum's own.
func (r *Run) Note(level Level, text string) {
	r.append(System, []piece{{text: []byte(text), level: level}})
}

// Close says that no line will follow. The lines stay readable.
func (r *Run) Close() {
	s := r.store
	s.mu.Lock()
	defer s.mu.Unlock()
	r.closed = true
	s.wakeLocked(r)
}

// append files pieces of one stream. After Close it does nothing: a straggler
// that still holds the pipe is no longer part of the run.
func (r *Run) append(stream Stream, pieces []piece) {
	if len(pieces) == 0 {
		return
	}
	s := r.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.closed {
		return
	}
	now := time.Now().UnixNano()
	for _, p := range pieces {
		s.global++
		c := r.roomLocked(len(p.text))
		r.count++
		c.add(record{
			global: s.global, nanos: now,
			stream: stream, level: p.level, continued: p.continued,
		}, p.text)
	}
	s.wakeLocked(r)
}

// roomLocked returns a chunk with room for a line of n bytes, making room in
// the store first.
func (r *Run) roomLocked(n int) *chunk {
	size := minChunk
	if len(r.chunks) > 0 {
		last := r.chunks[len(r.chunks)-1]
		if last.fits(n) {
			return last
		}
		size = min(2*cap(last.data), r.store.maxChunk)
	}
	c := newChunk(r.count+1, max(size, n), size/perRecord)
	r.store.evictLocked(r, c.cost())
	r.chunks = append(r.chunks, c)
	r.cost += c.cost()
	r.store.used += c.cost()
	return c
}

func (r *Run) dropOldestLocked() {
	c := r.chunks[0]
	r.chunks[0] = nil
	r.chunks = r.chunks[1:]
	r.cost -= c.cost()
	r.store.used -= c.cost()
}

// oldestLocked is the Seq of the oldest line retained, count+1 if there is none.
func (r *Run) oldestLocked() uint64 {
	if len(r.chunks) == 0 {
		return r.count + 1
	}
	return r.chunks[0].first
}

// lineLocked returns the retained line seq.
func (r *Run) lineLocked(seq uint64) Line {
	i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].last() >= seq })
	c := r.chunks[i]
	l := c.line(int(seq - c.first))
	l.Process, l.ProcessID = r.name, r.id
	return l
}

func (r *Run) globalLocked(seq uint64) uint64 {
	i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].last() >= seq })
	c := r.chunks[i]
	return c.recs[seq-c.first].global
}

// afterGlobalLocked is the Seq of the oldest retained line whose global number
// is above g, count+1 if there is none.
func (r *Run) afterGlobalLocked(g uint64) uint64 {
	i := sort.Search(len(r.chunks), func(i int) bool {
		recs := r.chunks[i].recs
		return recs[len(recs)-1].global > g
	})
	if i == len(r.chunks) {
		return r.count + 1
	}
	c := r.chunks[i]
	j := sort.Search(len(c.recs), func(j int) bool { return c.recs[j].global > g })
	return c.first + uint64(j)
}
