package journal

// stream is one durable stream: its send log and its receive cursor.
type stream struct {
	id      uint64
	name    string
	dropped bool

	base       uint64 // the peer has committed everything below
	baseDigest uint64
	log        []entry // the records from base on; log[:head] is waste
	head       int
	digest     uint64 // after the last record
	durable    uint64 // everything below has been synced
	bytes      int64  // what log counts towards the limits

	receive Cursor
	app     []byte
}

// entry is where a record of the send log is. Its segment is nil until the record is durable.
type entry struct {
	segment *segment
	offset  int64 // of the payload
	size    uint32
	digest  uint64 // of the stream, up to and including this record
}

func (s *stream) len() int     { return len(s.log) - s.head }
func (s *stream) next() uint64 { return s.base + uint64(s.len()) }

// at returns the entry of a record in [base, next).
func (s *stream) at(index uint64) *entry { return &s.log[s.head+int(index-s.base)] }

// holds reports whether a record is still needed.
func (s *stream) holds(index uint64) bool {
	return !s.dropped && index >= s.base && index < s.next()
}

// digestAt returns the digest of all records below index, which is in [base, next].
func (s *stream) digestAt(index uint64) uint64 {
	if index == s.base {
		return s.baseDigest
	}
	return s.at(index - 1).digest
}

func (s *stream) push(size int, digest uint64) {
	if s.head > 64 && s.head > len(s.log)/2 {
		n := copy(s.log, s.log[s.head:])
		clear(s.log[n:])
		s.log, s.head = s.log[:n], 0
	}
	s.log = append(s.log, entry{size: uint32(size), digest: digest})
	s.digest = digest
	s.bytes += int64(size) + recordOverhead
}

// place says where a record is that is durable now.
func (s *stream) place(index uint64, seg *segment, offset int64) {
	e := s.at(index)
	if e.segment != nil {
		e.segment.live--
	}
	seg.live++
	e.segment, e.offset = seg, offset
	s.durable = max(s.durable, index+1)
}

// trim drops everything below next, which must not be above s.next(); digest is the one there.
func (s *stream) trim(next, digest uint64) {
	if next <= s.base {
		return
	}
	s.baseDigest = digest
	for s.base < next {
		e := &s.log[s.head]
		if e.segment != nil {
			e.segment.live--
		}
		s.bytes -= int64(e.size) + recordOverhead
		*e = entry{}
		s.base++
		s.head++
	}
	if s.len() == 0 {
		s.log, s.head = s.log[:0], 0
		if cap(s.log) > 1024 {
			s.log = nil
		}
	}
	s.durable = max(s.durable, s.base)
}
