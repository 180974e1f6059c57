package sessiontest

import (
	"encoding/binary"
	"fmt"
)

// Sizes of protocol.md §3 and §10.
const (
	maxPacket   = 36864
	maxControl  = 1024
	maxFragment = 32768
	maxText     = 256
	minCredit   = 131072
)

// numbers is how many uvarints the body of a control frame begins with.
var numbers = map[FrameType]int{
	TypeSeq: 1, TypeAck: 1, TypeCredit: 3, TypeDetach: 1, TypeEnd: 3, TypeEndAck: 2,
	TypeSuperseded: 2, TypeAbort: 2, TypePing: 0, TypePong: 0,
}

// parsed is a frame of the tested side with its encoding.
type parsed struct {
	Frame
	raw []byte
}

// parsePacket takes a packet apart and says what in it the protocol does not allow. It is as
// strict as a sender has to be.
func parsePacket(p []byte) ([]parsed, error) {
	if len(p) > maxPacket {
		return nil, fmt.Errorf("§3.1: a packet of %d bytes", len(p))
	}
	var (
		list      []parsed
		control   int
		numbered  bool
		sequenced bool
	)
	for rest := p; len(rest) > 0; {
		f, err := parseFrame(rest)
		if err != nil {
			return nil, err
		}
		switch {
		case f.Type.Sequenced() && !numbered:
			return nil, fmt.Errorf("§3.3: %v without SEQ", f)
		case f.Type.Sequenced():
			sequenced = true
		case sequenced:
			return nil, fmt.Errorf("§3.3: %v behind sequenced frames", f)
		default:
			control += len(f.raw)
			numbered = numbered || f.Type == TypeSeq
		}
		list = append(list, f)
		rest = rest[len(f.raw):]
	}
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("§3.1: an empty packet")
	case control > maxControl:
		return nil, fmt.Errorf("§10: %d bytes of control frames in a packet", control)
	}
	return list, nil
}

func parseFrame(p []byte) (f parsed, err error) {
	f.Type = FrameType(p[0])
	off := 1
	number := func() uint64 {
		v, n := binary.Uvarint(p[min(off, len(p)):])
		if err == nil && (n <= 0 || n > 1 && p[off+n-1] == 0) {
			err = fmt.Errorf("§3: %v with a malformed number", f.Type)
		}
		off += max(n, 0)
		return v
	}
	if f.Type.Sequenced() {
		f.Stream = number()
	}
	size := number()
	if err == nil && size > uint64(len(p)-off) {
		err = fmt.Errorf("§3.1: %v ends behind its packet", f.Type)
	}
	if err != nil {
		return f, err
	}
	f.raw = p[:off+int(size)]
	f.Body = f.raw[off:]
	return f, f.check()
}

// check says what is wrong with a frame by itself.
func (f *parsed) check() error {
	bad := func(section string) error { return fmt.Errorf("§%s: %v", section, f.Frame) }
	size := len(f.Body)
	switch f.Type {
	case TypeMessage:
		if size > maxFragment {
			return bad("3.2")
		}
	case TypeFirst:
		total, n := binary.Uvarint(f.Body)
		if n <= 0 || size == n || size-n > maxFragment || total <= uint64(size-n) {
			return bad("3.2")
		}
	case TypeFragment:
		if size == 0 || size > maxFragment {
			return bad("3.2")
		}
	case TypeOpen:
		if size > maxText {
			return bad("3.2")
		}
	case TypeAbandon, TypeFin, TypeReset:
		if size != 0 {
			return bad("3.2")
		}
	default:
		return f.checkControl()
	}
	return nil
}

func (f *parsed) checkControl() error {
	want, known := numbers[f.Type]
	if !known {
		return fmt.Errorf("§3.3: %v is not known in version 1", f.Frame)
	}
	rest := f.Body
	for range want {
		v, n := binary.Uvarint(rest)
		if n <= 0 || n != len(varints(v)) {
			return fmt.Errorf("§3.3: %v with malformed numbers: %x", f.Type, f.Body)
		}
		rest = rest[n:]
	}
	ok := len(rest) == 0
	switch f.Type {
	case TypePing, TypePong:
		ok = len(rest) == 8
	case TypeAck:
		ok = len(rest) == 0 || len(rest) == 8
	case TypeEnd, TypeAbort:
		ok = len(rest) <= maxText
	}
	if !ok {
		return fmt.Errorf("§3.3: %v with a body of %x", f.Type, f.Body)
	}
	return nil
}
