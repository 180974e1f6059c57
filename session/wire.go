package session

import (
	"encoding/binary"
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

// Sizes of the wire format (protocol.md §3).
const (
	maxPacket   = 36 << 10 // one packet: head and body
	maxHead     = 1 << 10  // control frames in front of a packet's messages
	maxFragment = 32 << 10 // payload of one sequenced frame
	maxReason   = 256      // text in END and ABORT
	maxName     = 256      // of a stream
)

// frameType is the first byte of every frame. Values below controlBase are sequenced:
// they have a sequence number, are retained until acknowledged and are sent again.
type frameType uint8

const (
	frameMessage  frameType = 0x01 // a whole message
	frameFirst    frameType = 0x02 // first fragment; the body starts with the message's length
	frameFragment frameType = 0x03 // a further fragment
	frameAbandon  frameType = 0x04 // the sender gave the unfinished message up
	frameOpen     frameType = 0x05 // a new stream and its name
	frameFin      frameType = 0x06 // the sender sends no more on the stream
	frameReset    frameType = 0x07 // the sender neither sends nor takes any more on the stream

	controlBase frameType = 0x40

	frameSeq        frameType = 0x40 // sequence number of the first sequenced frame that follows
	frameAck        frameType = 0x41 // next expected sequence number, optionally the digest below it
	frameCredit     frameType = 0x42 // a stream's consumed offset and limit
	framePing       frameType = 0x43
	framePong       frameType = 0x44
	frameDetach     frameType = 0x45 // the link ends, the session stays
	frameEnd        frameType = 0x46 // the session ends: final and next expected sequence number
	frameEndAck     frameType = 0x47
	frameSuperseded frameType = 0x48 // another attempt has taken the session over
	frameAbort      frameType = 0x49 // the session can't go on: code and text

	ignorableBase frameType = 0x60 // unknown control frames from here on are skipped
	frameTypeEnd  frameType = 0x80
)

var errTruncated = errors.New("truncated frame")

// protocolError says what the peer did wrong, and the section of protocol.md it broke.
type protocolError struct {
	section string
	what    string
}

func (e *protocolError) Error() string {
	return "session: protocol error (§" + e.section + "): " + e.what
}

// ErrorKind implements errors.Kinded.
func (e *protocolError) ErrorKind() errors.Kind { return errors.Protocol }

func violation(section, format string, args ...any) error {
	return &protocolError{section, fmt.Sprintf(format, args...)}
}

// uvarint decodes a minimal-length varint. n is 0 when p is truncated, oversized or not minimal.
func uvarint(p []byte) (v uint64, n int) {
	if len(p) > 0 && p[0] < 0x80 {
		return uint64(p[0]), 1
	}
	v, n = binary.Uvarint(p)
	if n <= 0 || (n > 1 && p[n-1] == 0) {
		return 0, 0
	}
	return v, n
}

func uvarintLen(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}

// sequencedLen is the size of a sequenced frame with body bytes of body.
func sequencedLen(stream uint64, body int) int {
	return 1 + uvarintLen(stream) + uvarintLen(uint64(body)) + body
}

// appendSequencedHead appends the head of a sequenced frame whose body is body bytes long.
func appendSequencedHead(p []byte, t frameType, stream uint64, body int) []byte {
	p = append(p, byte(t))
	p = binary.AppendUvarint(p, stream)
	return binary.AppendUvarint(p, uint64(body))
}

// sequencedFrame is a decoded sequenced frame; body aliases the packet.
type sequencedFrame struct {
	typ    frameType
	stream uint64
	body   []byte
	size   int // encoded length
}

func parseSequenced(p []byte) (f sequencedFrame, err error) {
	if len(p) < 3 {
		return f, errTruncated
	}
	f.typ = frameType(p[0])
	off := 1
	stream, n := uvarint(p[off:])
	if n == 0 {
		return f, errTruncated
	}
	off += n
	size, n := uvarint(p[off:])
	if n == 0 {
		return f, errTruncated
	}
	off += n
	if size > uint64(len(p)-off) {
		return f, errTruncated
	}
	f.stream = stream
	f.body = p[off : off+int(size) : off+int(size)]
	f.size = off + int(size)
	return f, nil
}

// appendControl appends a control frame made of varints.
func appendControl(p []byte, t frameType, fields ...uint64) []byte {
	size := 0
	for _, v := range fields {
		size += uvarintLen(v)
	}
	p = append(p, byte(t))
	p = binary.AppendUvarint(p, uint64(size))
	for _, v := range fields {
		p = binary.AppendUvarint(p, v)
	}
	return p
}

// appendAckDigest appends an ACK that tells the digest of everything below next, too.
func appendAckDigest(p []byte, next, digest uint64) []byte {
	p = append(p, byte(frameAck))
	p = binary.AppendUvarint(p, uint64(uvarintLen(next)+8))
	p = binary.AppendUvarint(p, next)
	return binary.BigEndian.AppendUint64(p, digest)
}

func appendNonce(p []byte, t frameType, nonce uint64) []byte {
	p = append(p, byte(t), 8)
	return binary.BigEndian.AppendUint64(p, nonce)
}

// appendReason appends END-like frames: varints and then text.
func appendReason(p []byte, t frameType, text string, fields ...uint64) []byte {
	if len(text) > maxReason {
		text = text[:maxReason]
	}
	size := len(text)
	for _, v := range fields {
		size += uvarintLen(v)
	}
	p = append(p, byte(t))
	p = binary.AppendUvarint(p, uint64(size))
	for _, v := range fields {
		p = binary.AppendUvarint(p, v)
	}
	return append(p, text...)
}

// controlFrame is a decoded control frame. Which fields are set depends on its type.
type controlFrame struct {
	typ       frameType
	fields    [3]uint64
	digest    uint64
	hasDigest bool
	text      string
	size      int
}

// controlFields is the number of varints in each known control frame's body.
var controlFields = map[frameType]int{
	frameSeq: 1, frameAck: 1, frameCredit: 3, framePing: 0, framePong: 0, frameDetach: 1,
	frameEnd: 3, frameEndAck: 2, frameSuperseded: 2, frameAbort: 2,
}

func parseControl(p []byte) (f controlFrame, err error) {
	f.typ = frameType(p[0])
	size, n := uvarint(p[1:])
	if n == 0 || size > uint64(len(p)-1-n) {
		return f, errTruncated
	}
	body := p[1+n : 1+n+int(size)]
	f.size = 1 + n + int(size)

	want, known := controlFields[f.typ]
	if !known {
		if f.typ >= ignorableBase && f.typ < frameTypeEnd {
			return f, nil
		}
		return f, violation("3.3", "unknown frame type %#x", uint8(f.typ))
	}
	for i := range want {
		v, n := uvarint(body)
		if n == 0 {
			return f, errTruncated
		}
		f.fields[i] = v
		body = body[n:]
	}
	switch f.typ {
	case framePing, framePong:
		if len(body) != 8 {
			return f, violation("3.3", "%d bytes of nonce", len(body))
		}
		f.fields[0] = binary.BigEndian.Uint64(body)
	case frameAck:
		switch len(body) {
		case 0:
		case 8:
			f.digest, f.hasDigest = binary.BigEndian.Uint64(body), true
		default:
			return f, violation("3.3", "%d bytes of digest", len(body))
		}
	case frameEnd, frameAbort:
		if len(body) > maxReason {
			return f, violation("3.3", "a reason of %d bytes", len(body))
		}
		f.text = string(body)
	default:
		if len(body) != 0 {
			return f, violation("3.3", "%d bytes too many in frame %#x", len(body), uint8(f.typ))
		}
	}
	return f, nil
}
