package journal

import (
	"encoding/binary"
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

var errMalformed = errors.New("malformed")

// parser takes fields off a byte slice. After the first that does not fit, err is set and
// all further fields are zero. Slices that it returns are part of the input.
type parser struct {
	rest []byte
	size int // of the input
	err  error
}

func newParser(b []byte) parser { return parser{rest: b, size: len(b)} }

func (p *parser) offset() int { return p.size - len(p.rest) }

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("%w %s at byte %d", errMalformed, what, p.offset())
		p.rest = nil
	}
}

func (p *parser) fixed(n int) []byte {
	if p.err != nil || len(p.rest) < n {
		p.fail("field")
		return nil
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) u8() uint8 {
	if b := p.fixed(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *parser) u64() uint64 {
	if b := p.fixed(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// uvarint accepts the shortest form only, so that each record has one encoding.
func (p *parser) uvarint() uint64 {
	v, n := binary.Uvarint(p.rest)
	if p.err != nil || n <= 0 || n > 1 && p.rest[n-1] == 0 {
		p.fail("number")
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

// bytes takes a length and as many bytes.
func (p *parser) bytes(limit int) []byte {
	n := p.uvarint()
	if p.err != nil || n > uint64(limit) || n > uint64(len(p.rest)) {
		p.fail("length")
		return nil
	}
	return p.fixed(int(n))
}

// count takes the number of elements that follow, each of which has at least one byte.
func (p *parser) count(limit int) int {
	n := p.uvarint()
	if n > uint64(limit) || n > uint64(len(p.rest)) {
		p.fail("count")
		return 0
	}
	return int(n)
}

func (p *parser) flag() bool {
	v := p.u8()
	if v > 1 {
		p.fail("flag")
	}
	return v == 1
}

func (p *parser) fence() Fence   { return Fence{p.u64(), p.u64()} }
func (p *parser) cursor() Cursor { return Cursor{p.uvarint(), p.u64()} }

// end returns the error, also if something is left.
func (p *parser) end() error {
	if p.err == nil && len(p.rest) > 0 {
		p.fail("end")
	}
	return p.err
}

func appendBytes(b, data []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}

func appendFlag(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendFence(b []byte, f Fence) []byte {
	b = binary.BigEndian.AppendUint64(b, f.Incarnation)
	return binary.BigEndian.AppendUint64(b, f.Attempt)
}

func appendCursor(b []byte, c Cursor) []byte {
	b = binary.AppendUvarint(b, c.Next)
	return binary.BigEndian.AppendUint64(b, c.Digest)
}
