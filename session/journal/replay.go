package journal

import (
	"fmt"
	"iter"
)

// Record is a message of a send log.
type Record struct {
	Index uint64
	// Payload is valid until the next step of the iteration.
	Payload []byte
	// Digest is that of the stream up to and including this message.
	Digest uint64
}

// Replay iterates over the durable messages of a stream, in order, from number from to the
// end as it is when the iteration gets there. It is read from the files and verified against
// the digests; it ends with an error when that fails. What the peer commits in the meantime
// is skipped; starting below what it has committed is a *StaleError. Appends go on meanwhile.
func (j *Journal) Replay(stream string, from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		c := reading{journal: j, name: stream, next: from, reader: reader{fs: j.fs, dir: j.dir}}
		defer c.release()
		for first := true; ; first = false {
			rec, ok, err := c.read(first)
			if err != nil {
				yield(Record{}, err)
				return
			}
			if !ok || !yield(rec, nil) {
				return
			}
		}
	}
}

// reading is one iteration. It pins the segment that it reads.
type reading struct {
	journal *Journal
	name    string
	next    uint64
	pinned  *segment
	reader  reader
}

func (c *reading) read(first bool) (rec Record, ok bool, err error) {
	e, end, before, err := c.locate(first)
	if err != nil || e.segment == nil {
		return Record{}, false, err
	}
	payload, err := c.reader.payload(e.segment, e.offset, int(e.size), end)
	if err != nil {
		return Record{}, false, fmt.Errorf("journal: read %s at %d: %w", e.segment.path(c.journal.dir), e.offset, err)
	}
	if Extend(before, payload) != e.digest {
		return Record{}, false, &CorruptError{Path: e.segment.path(c.journal.dir), Offset: e.offset,
			Problem: fmt.Sprintf("stream %q: digest of record %d", c.name, c.next)}
	}
	rec = Record{c.next, payload, e.digest}
	c.next++
	return rec, true, nil
}

// locate finds the next record and pins its segment; an entry without one means the end.
func (c *reading) locate(first bool) (e entry, end int64, before uint64, err error) {
	j := c.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	st := j.state.names[c.name]
	if st == nil {
		return entry{}, 0, 0, nil
	}
	if c.next < st.base {
		if first {
			return entry{}, 0, 0, &StaleError{fmt.Sprintf("stream %q: start of a replay", c.name),
				fmt.Sprint(st.base), fmt.Sprint(c.next)}
		}
		c.next = st.base
	}
	if c.next >= st.durable {
		return entry{}, 0, 0, nil
	}
	e = *st.at(c.next)
	if c.pinned != e.segment {
		c.unpin()
		e.segment.pins++
		c.pinned = e.segment
	}
	return e, e.segment.end, st.digestAt(c.next), nil
}

func (c *reading) unpin() {
	if s := c.pinned; s != nil {
		c.reader.close()
		s.pins--
		c.pinned = nil
	}
}

func (c *reading) release() {
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	c.unpin()
}
