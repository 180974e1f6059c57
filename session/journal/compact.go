package journal

// Compaction keeps a stream that the peer is slow to commit from holding on to every file
// that one of its records is in: the records of the emptiest segment are written again at the
// end, at most moveBytes with one fsync, and then the segment is removed like any other that
// holds nothing.
const moveBytes = 256 << 10

// moving is a record to be written again.
type moving struct {
	stream *stream
	index  uint64
	entry
	before uint64
}

// compact stages the next records to be moved, if there are too many segments. Only the
// writer calls it.
func (j *Journal) compact() {
	victim, moves := j.chooseMoves()
	if victim == nil {
		return
	}
	r := reader{fs: j.fs, dir: j.dir}
	defer r.close()
	for i := range moves {
		m := &moves[i]
		payload, err := r.payload(victim, m.offset, int(m.size), victim.end)
		if err == nil && Extend(m.before, payload) != m.digest {
			err = &CorruptError{Path: victim.path(j.dir), Offset: m.offset, Problem: "digest of a record"}
		}
		if scarce(err) {
			return // later
		}
		if err != nil {
			j.log.Error("can't move a record; its segment stays", "segment", segmentName(victim.number), "error", err)
			j.mu.Lock()
			victim.bad = true
			j.mu.Unlock()
			return
		}
		j.move(m, payload)
	}
}

func (j *Journal) move(m *moving, payload []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if m.stream.holds(m.index) {
		j.stageSend(m.stream, m.index, m.digest, payload)
		j.signal()
	}
}

// chooseMoves picks the emptiest segment when there are more than eight beyond twice what
// the live bytes fill, so that at least half of it is waste on average.
func (j *Journal) chooseMoves() (*segment, []moving) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if int64(len(j.sealed)) <= 8+2*j.bytes/j.opts.SegmentBytes || len(j.staged.buf) >= maxStaged {
		return nil, nil
	}
	var victim *segment
	for _, s := range j.sealed {
		if s.live == 0 || s.bad {
			continue
		}
		if victim == nil || s.live < victim.live {
			victim = s
		}
	}
	if victim == nil {
		return nil, nil
	}
	return victim, j.collect(victim)
}

// collect finds records in a segment, at least one and as many as moveBytes hold.
func (j *Journal) collect(victim *segment) (moves []moving) {
	size := 0
	for _, st := range j.state.streams {
		for i := st.base; i < st.next(); i++ {
			e := st.at(i)
			if e.segment != victim {
				continue
			}
			if size += int(e.size) + recordOverhead; size > moveBytes && len(moves) > 0 {
				return moves
			}
			moves = append(moves, moving{st, i, *e, st.digestAt(i)})
		}
	}
	return moves
}
