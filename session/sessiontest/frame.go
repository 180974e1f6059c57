package sessiontest

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// FrameType is the first byte of a frame (protocol.md §3).
type FrameType uint8

const (
	TypeMessage    FrameType = 0x01
	TypeFirst      FrameType = 0x02
	TypeFragment   FrameType = 0x03
	TypeAbandon    FrameType = 0x04
	TypeOpen       FrameType = 0x05
	TypeFin        FrameType = 0x06
	TypeReset      FrameType = 0x07
	TypeSeq        FrameType = 0x40
	TypeAck        FrameType = 0x41
	TypeCredit     FrameType = 0x42
	TypePing       FrameType = 0x43
	TypePong       FrameType = 0x44
	TypeDetach     FrameType = 0x45
	TypeEnd        FrameType = 0x46
	TypeEndAck     FrameType = 0x47
	TypeSuperseded FrameType = 0x48
	TypeAbort      FrameType = 0x49
)

var typeNames = map[FrameType]string{
	TypeMessage: "MESSAGE", TypeFirst: "FIRST", TypeFragment: "FRAGMENT", TypeAbandon: "ABANDON",
	TypeOpen: "OPEN", TypeFin: "FIN", TypeReset: "RESET", TypeSeq: "SEQ", TypeAck: "ACK",
	TypeCredit: "CREDIT", TypePing: "PING", TypePong: "PONG", TypeDetach: "DETACH", TypeEnd: "END",
	TypeEndAck: "END-ACK", TypeSuperseded: "SUPERSEDED", TypeAbort: "ABORT",
}

func (t FrameType) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("TYPE-%#x", uint8(t))
}

// Sequenced reports whether frames of the type have sequence numbers.
func (t FrameType) Sequenced() bool { return t < 0x40 }

// Frame is one frame, whatever is in it: a test may make any, also those that nobody may send.
type Frame struct {
	Type   FrameType
	Stream uint64 // of a sequenced frame
	Body   []byte
}

// Encode returns the frame's bytes.
func (f Frame) Encode() []byte {
	p := []byte{byte(f.Type)}
	if f.Type.Sequenced() {
		p = binary.AppendUvarint(p, f.Stream)
	}
	p = binary.AppendUvarint(p, uint64(len(f.Body)))
	return append(p, f.Body...)
}

// Number returns the i-th uvarint of the body; 0 if there is none.
func (f Frame) Number(i int) uint64 {
	rest := f.Body
	for ; ; i-- {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return 0
		}
		if i == 0 {
			return v
		}
		rest = rest[n:]
	}
}

// shown is how much of a body an error shows.
const shown = 40

func (f Frame) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v(", f.Type)
	switch f.Type {
	case TypeSeq, TypeAck, TypeCredit, TypeDetach, TypeEnd, TypeEndAck, TypeSuperseded, TypeAbort:
		for i := range numbers[f.Type] {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprint(&b, f.Number(i))
		}
	default:
		if f.Type.Sequenced() {
			fmt.Fprintf(&b, "%d", f.Stream)
		}
		if len(f.Body) > 0 {
			fmt.Fprintf(&b, " %.*q", shown, f.Body)
		}
		if len(f.Body) > shown {
			fmt.Fprintf(&b, "… %d bytes", len(f.Body))
		}
	}
	b.WriteString(")")
	return b.String()
}

func varints(vs ...uint64) []byte {
	var p []byte
	for _, v := range vs {
		p = binary.AppendUvarint(p, v)
	}
	return p
}

// The sequenced frames of §3.2.

func Message(stream uint64, msg string) Frame { return Frame{TypeMessage, stream, []byte(msg)} }

// First begins a message of total bytes.
func First(stream, total uint64, part string) Frame {
	return Frame{TypeFirst, stream, append(varints(total), part...)}
}
func Fragment(stream uint64, part string) Frame { return Frame{TypeFragment, stream, []byte(part)} }
func Abandon(stream uint64) Frame               { return Frame{TypeAbandon, stream, nil} }
func Open(stream uint64, name string) Frame     { return Frame{TypeOpen, stream, []byte(name)} }
func Fin(stream uint64) Frame                   { return Frame{TypeFin, stream, nil} }
func ResetStream(stream uint64) Frame           { return Frame{TypeReset, stream, nil} }

// The control frames of §3.3.

func Seq(n uint64) Frame { return Frame{Type: TypeSeq, Body: varints(n)} }
func Ack(n uint64) Frame { return Frame{Type: TypeAck, Body: varints(n)} }

// AckDigest is an ACK with the digest of everything below n.
func AckDigest(n, digest uint64) Frame {
	return Frame{Type: TypeAck, Body: binary.BigEndian.AppendUint64(varints(n), digest)}
}
func Credit(stream, consumed, limit uint64) Frame {
	return Frame{Type: TypeCredit, Body: varints(stream, consumed, limit)}
}
func Ping(nonce uint64) Frame {
	return Frame{Type: TypePing, Body: binary.BigEndian.AppendUint64(nil, nonce)}
}
func Pong(nonce uint64) Frame {
	return Frame{Type: TypePong, Body: binary.BigEndian.AppendUint64(nil, nonce)}
}
func Detach(code uint64) Frame { return Frame{Type: TypeDetach, Body: varints(code)} }
func End(final, next, code uint64, text string) Frame {
	return Frame{Type: TypeEnd, Body: append(varints(final, next, code), text...)}
}
func EndAck(final, next uint64) Frame { return Frame{Type: TypeEndAck, Body: varints(final, next)} }
func Superseded(incarnation, attempt uint64) Frame {
	return Frame{Type: TypeSuperseded, Body: varints(incarnation, attempt)}
}
func Abort(code, next uint64, text string) Frame {
	return Frame{Type: TypeAbort, Body: append(varints(code, next), text...)}
}
