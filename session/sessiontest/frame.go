package sessiontest

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// FrameType is the first byte of a frame (protocol.md §3).
type FrameType uint8

// The types of version 1.
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

// Message is a whole message.
func Message(stream uint64, msg string) Frame { return Frame{TypeMessage, stream, []byte(msg)} }

// First begins a message of total bytes.
func First(stream, total uint64, part string) Frame {
	return Frame{TypeFirst, stream, append(varints(total), part...)}
}

// Fragment is a further part of a message that First has begun.
func Fragment(stream uint64, part string) Frame { return Frame{TypeFragment, stream, []byte(part)} }

// Abandon gives up the message that is being sent in fragments.
func Abandon(stream uint64) Frame { return Frame{TypeAbandon, stream, nil} }

// Open begins a stream.
func Open(stream uint64, name string) Frame { return Frame{TypeOpen, stream, []byte(name)} }

// Fin ends the sending direction of a stream.
func Fin(stream uint64) Frame { return Frame{TypeFin, stream, nil} }

// ResetStream is RESET: it ends both directions of a stream.
func ResetStream(stream uint64) Frame { return Frame{TypeReset, stream, nil} }

// The control frames of §3.3.

// Seq numbers the next sequenced frame. Peer.Send adds it by itself.
func Seq(n uint64) Frame { return Frame{Type: TypeSeq, Body: varints(n)} }

// Ack acknowledges everything below n.
func Ack(n uint64) Frame { return Frame{Type: TypeAck, Body: varints(n)} }

// AckDigest is an ACK with the digest of everything below n.
func AckDigest(n, digest uint64) Frame {
	return Frame{Type: TypeAck, Body: binary.BigEndian.AppendUint64(varints(n), digest)}
}

// Credit says how far a stream was consumed and how far it may be sent on.
func Credit(stream, consumed, limit uint64) Frame {
	return Frame{Type: TypeCredit, Body: varints(stream, consumed, limit)}
}

// Ping asks for a Pong with its nonce.
func Ping(nonce uint64) Frame {
	return Frame{Type: TypePing, Body: binary.BigEndian.AppendUint64(nil, nonce)}
}

// Pong answers a Ping.
func Pong(nonce uint64) Frame {
	return Frame{Type: TypePong, Body: binary.BigEndian.AppendUint64(nil, nonce)}
}

// Detach gives up the link; code is for logs.
func Detach(code uint64) Frame { return Frame{Type: TypeDetach, Body: varints(code)} }

// End closes the session behind frame final.
func End(final, next, code uint64, text string) Frame {
	return Frame{Type: TypeEnd, Body: append(varints(final, next, code), text...)}
}

// EndAck answers an End.
func EndAck(final, next uint64) Frame { return Frame{Type: TypeEndAck, Body: varints(final, next)} }

// Superseded tells the fence of the attempt that has taken over.
func Superseded(incarnation, attempt uint64) Frame {
	return Frame{Type: TypeSuperseded, Body: varints(incarnation, attempt)}
}

// Abort ends the session at once.
func Abort(code, next uint64, text string) Frame {
	return Frame{Type: TypeAbort, Body: append(varints(code, next), text...)}
}
