package journal

import (
	"encoding/binary"
	"fmt"
)

// A checkpoint is the state without payloads, and the list of the segments that hold them.
// It makes the segments before it needless but for the records that are still needed.
type sealed struct {
	number uint64
	end    int64
}

// appendCheckpoint encodes s as it will be when its batch is durable.
func appendCheckpoint(b []byte, s *state, older []sealed) []byte {
	b = binary.BigEndian.AppendUint64(b, s.generation)
	b = s.identity.append(b)
	b = appendFence(appendFence(b, s.made), s.accepted)
	b = appendFlag(b, s.end != nil)
	if s.end != nil {
		b = s.end.append(b)
	}
	b = binary.AppendUvarint(b, s.lastStream)
	b = binary.AppendUvarint(b, uint64(len(s.streams)))
	for _, st := range s.ordered() {
		b = st.appendCheckpoint(b)
	}
	b = binary.AppendUvarint(b, uint64(len(older)))
	for _, o := range older {
		b = binary.AppendUvarint(b, o.number)
		b = binary.AppendUvarint(b, uint64(o.end))
	}
	return b
}

// Both ends of the log are here; that the segments hold all between them is what the chain
// of digests proves.
func (st *stream) appendCheckpoint(b []byte) []byte {
	b = binary.AppendUvarint(b, st.id)
	b = appendBytes(b, []byte(st.name))
	b = appendCursor(b, Cursor{st.base, st.baseDigest})
	b = appendCursor(b, Cursor{st.next(), st.digest})
	b = appendCursor(b, st.receive)
	return appendBytes(b, st.app)
}

func parseCheckpoint(b []byte) (*state, []sealed, error) {
	p := newParser(b)
	s := newState()
	s.generation = p.u64()
	s.identity = p.identity()
	s.made, s.accepted = p.fence(), p.fence()
	if p.flag() {
		s.end = p.tombstone()
	}
	last := p.uvarint()
	for range p.count(maxStreams) {
		if err := p.stream(s); err != nil {
			return nil, nil, err
		}
	}
	if last < s.lastStream {
		p.fail("stream number")
	}
	s.lastStream = last
	var older []sealed
	for range p.count(maxSegments) {
		o := sealed{p.uvarint(), int64(p.uvarint())}
		if o.number == 0 || o.end < headerSize || len(older) > 0 && o.number <= older[len(older)-1].number {
			p.fail("segment")
			break
		}
		older = append(older, o)
	}
	return s, older, p.end()
}

// maxSegments bounds what a damaged file can make us believe.
const maxSegments = 1 << 16

func (p *parser) stream(s *state) error {
	id, name := p.uvarint(), string(p.bytes(MaxName))
	base, next, receive := p.cursor(), p.cursor(), p.cursor()
	app := p.bytes(MaxAppState)
	if p.err != nil {
		return p.err
	}
	if id == 0 || id <= s.lastStream || name == "" || s.names[name] != nil ||
		next.Next < base.Next || next.Next-base.Next > maxRecords-s.records || next.Next == base.Next && next != base {
		return fmt.Errorf("%w stream %d", errMalformed, id)
	}
	st := s.addStream(id, name)
	st.base, st.baseDigest = base.Next, base.Digest
	st.durable = next.Next
	st.digest = next.Digest
	s.records += next.Next - base.Next
	st.log = make([]entry, next.Next-base.Next)
	st.bytes = recordOverhead * int64(len(st.log))
	st.receive = receive
	s.appBytes += len(app)
	st.app = append([]byte(nil), app...) // nil when empty
	return nil
}
