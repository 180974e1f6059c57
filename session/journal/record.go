package journal

import (
	"encoding/binary"
	"fmt"
)

// A batch's body is a sequence of records: a kind and its fields.
type kind uint8

const (
	kindCheckpoint kind = 1 + iota // the whole state, after all records of its batch; a segment's first record
	kindStream                     // a stream has got a number
	kindDrop                       // a stream is forgotten
	kindSend                       // a message to the peer
	kindTrim                       // the peer has committed all below index
	kindReceive                    // the application has committed a cursor
	kindMade                       // the fence of an attempt made here
	kindAccepted                   // the fence of an attempt accepted here
	kindIdentity
	kindEnd
)

// record is one of any kind; which fields count is decided by kind.
type record struct {
	kind   kind
	stream uint64
	index  uint64
	digest uint64
	fence  Fence
	keep   bool   // receive: the application's state stays as it is
	data   []byte // payload, name, state or encoded part
	at     int    // parsed: the offset of data in the body
}

func (r *record) append(b []byte) []byte {
	switch r.kind {
	case kindSend:
		return appendSend(b, r.stream, r.index, r.digest, r.data)
	case kindStream:
		return appendBytes(binary.AppendUvarint(append(b, byte(r.kind)), r.stream), r.data)
	case kindDrop:
		return binary.AppendUvarint(append(b, byte(r.kind)), r.stream)
	case kindTrim:
		b = binary.AppendUvarint(append(b, byte(r.kind)), r.stream)
		return appendCursor(b, Cursor{r.index, r.digest})
	case kindReceive:
		b = binary.AppendUvarint(append(b, byte(r.kind)), r.stream)
		b = appendFlag(appendCursor(b, Cursor{r.index, r.digest}), r.keep)
		if r.keep {
			return b
		}
		return appendBytes(b, r.data)
	case kindMade, kindAccepted:
		return appendFence(append(b, byte(r.kind)), r.fence)
	case kindCheckpoint, kindIdentity, kindEnd:
		return appendBytes(append(b, byte(r.kind)), r.data)
	default:
		panic(fmt.Sprintf("BUG: record of kind %d", r.kind))
	}
}

// appendSend is the hot path.
func appendSend(b []byte, stream, index, digest uint64, payload []byte) []byte {
	b = append(b, byte(kindSend))
	b = binary.AppendUvarint(b, stream)
	b = binary.AppendUvarint(b, index)
	b = binary.BigEndian.AppendUint64(b, digest)
	return appendBytes(b, payload)
}

// records calls f with each record of a batch's body, in order. The records' data is part of body.
func records(body []byte, f func(r *record) error) error {
	p := newParser(body)
	for len(p.rest) > 0 {
		r := p.record()
		if p.err != nil {
			return p.err
		}
		if err := f(&r); err != nil {
			return fmt.Errorf("record before byte %d: %w", p.offset(), err)
		}
	}
	return nil
}

func (p *parser) record() record {
	r := record{kind: kind(p.u8())}
	switch r.kind {
	case kindSend:
		r.stream, r.index, r.digest = p.uvarint(), p.uvarint(), p.u64()
		p.data(&r, MaxPayload)
	case kindStream:
		r.stream = p.uvarint()
		p.data(&r, MaxName)
	case kindDrop:
		r.stream = p.uvarint()
	case kindTrim:
		r.stream = p.uvarint()
		c := p.cursor()
		r.index, r.digest = c.Next, c.Digest
	case kindReceive:
		r.stream = p.uvarint()
		c := p.cursor()
		r.index, r.digest, r.keep = c.Next, c.Digest, p.flag()
		if !r.keep {
			p.data(&r, MaxAppState)
		}
	case kindMade, kindAccepted:
		r.fence = p.fence()
	case kindCheckpoint, kindIdentity, kindEnd:
		p.data(&r, maxBody)
	default:
		p.fail("kind")
	}
	return r
}

func (p *parser) data(r *record, limit int) {
	r.data = p.bytes(limit)
	r.at = p.offset() - len(r.data)
}
