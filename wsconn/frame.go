package wsconn

import (
	crand "crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// opcode of a WebSocket frame (RFC 6455 §5.2).
type opcode byte

const (
	opBinary opcode = 0x2
	opPong   opcode = 0xA
)

const (
	finBit  = 0x80
	maskBit = 0x80

	maxFrameHeader = 2 + 8 + 4

	// Payloads longer than this are masked by vector instructions over a pattern of keys.
	maskPattern = 1 << 10
)

// encoder assembles frames. Encoders are pooled, so that a quiet connection holds none.
type encoder struct {
	buf     []byte
	keys    *rand.ChaCha8 // masking keys must be unpredictable (RFC 6455 §5.3)
	pattern [maskPattern + 4]byte
}

var encoders = sync.Pool{New: func() any {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails
	return &encoder{
		buf:  make([]byte, 0, maxFrameHeader+40<<10), // packets of a session are up to 36 KiB
		keys: rand.NewChaCha8(seed),
	}
}}

// writeFrame sends one whole frame in one write. The caller holds stream.writing.
func (c *Conn) writeFrame(op opcode, head, body []byte) error {
	e := encoders.Get().(*encoder)
	if c.masks {
		e.masked(op, head, body)
	} else {
		e.plain(op, head, body)
	}
	_, err := c.stream.top.Write(e.buf)
	encoders.Put(e)
	return err
}

func (e *encoder) plain(op opcode, head, body []byte) {
	e.buf = appendFrameHeader(e.buf[:0], op, len(head)+len(body), 0)
	e.buf = append(e.buf, head...)
	e.buf = append(e.buf, body...)
}

func (e *encoder) masked(op opcode, head, body []byte) {
	size := len(head) + len(body)
	e.buf = appendFrameHeader(e.buf[:0], op, size, maskBit)

	key := uint32(e.keys.Uint64())
	e.buf = binary.LittleEndian.AppendUint32(e.buf, key)
	start := len(e.buf)
	if cap(e.buf)-start < size {
		e.buf = append(make([]byte, 0, start+size), e.buf...)
	}
	e.buf = e.buf[:start+size]

	pattern := e.repeat(key, min(size, maskPattern)+4)
	xorInto(e.buf[start:], head, pattern)
	xorInto(e.buf[start+len(head):], body, pattern[len(head)&3:])
}

// repeat fills n bytes, rounded up to whole keys, of the pattern with key.
func (e *encoder) repeat(key uint32, n int) []byte {
	n = min((n+3)&^3, len(e.pattern))
	p := e.pattern[:n]
	binary.LittleEndian.PutUint32(p, key)
	for filled := 4; filled < n; filled *= 2 {
		copy(p[filled:], p[:filled])
	}
	return p
}

// xorInto sets dst to src masked by pattern, which starts with the key byte that is due.
func xorInto(dst, src, pattern []byte) {
	pattern = pattern[:len(pattern)&^3] // whole keys, so that each round starts alike
	for len(src) > 0 {
		n := subtle.XORBytes(dst, src, pattern)
		dst, src = dst[n:], src[n:]
	}
}

func appendFrameHeader(p []byte, op opcode, size int, mask byte) []byte {
	p = append(p, finBit|byte(op))
	switch {
	case size < 126:
		return append(p, mask|byte(size))
	case size < 1<<16:
		p = append(p, mask|126)
		return binary.BigEndian.AppendUint16(p, uint16(size))
	default:
		p = append(p, mask|127)
		return binary.BigEndian.AppendUint64(p, uint64(size))
	}
}
