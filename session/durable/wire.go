package durable

import (
	"encoding/binary"

	"github.com/standardbeagle/brum/session/journal"
)

// version of what is said on the lanes (docs/durable.md).
const version = 1

// prefix begins the names of a channel's session streams, its lanes. The prefix alone is the
// control lane's; the rest of a longer name is the durable stream's.
const prefix = "brum.durable:"

// MaxName is the longest name of a stream in bytes.
const MaxName = 256 - len(prefix)

// messageType is the first byte of a message on a lane.
type messageType byte

const (
	typeHello     messageType = 0x01 // control: who I am, and whom I know you to be
	typeRefuse    messageType = 0x02 // any lane: why there is no going on
	typeEnd       messageType = 0x03 // control: the channel is over; my receive cursors
	typeEndAck    messageType = 0x04 // control: mine
	typeFrom      messageType = 0x10 // sender of a stream: what follows begins here
	typeData      messageType = 0x11 // sender of a stream: the next message
	typeCommitted messageType = 0x12 // receiver of a stream: this is on my disk
)

// maxDetail bounds the text of a refusal, in bytes.
const maxDetail = 256

// life names one life of a party: the generation that its journal counted, and a random
// number that tells two users of copies of one journal apart.
type life struct{ generation, nonce uint64 }

// hello opens the control lane.
type hello struct {
	relation [16]byte // zero while this side knows none
	self     life
	peer     life // the latest life of the peer that is on this side's disk; zero for none
}

// from announces where the messages that follow begin, and the end of the sender's log.
type from struct {
	at  journal.Cursor
	end uint64
}

// mark is a receive cursor of a named stream, in an END.
type mark struct {
	name string
	next uint64
}

func (h hello) append(b []byte) []byte {
	b = append(b, byte(typeHello), version)
	b = append(b, h.relation[:]...)
	for _, v := range [...]uint64{h.self.generation, h.self.nonce, h.peer.generation, h.peer.nonce} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

func (f from) append(b []byte) []byte {
	b = append(b, byte(typeFrom))
	b = binary.AppendUvarint(b, f.at.Next)
	b = binary.BigEndian.AppendUint64(b, f.at.Digest)
	return binary.AppendUvarint(b, f.end)
}

func appendCommitted(b []byte, c journal.Cursor) []byte {
	b = append(b, byte(typeCommitted))
	b = binary.AppendUvarint(b, c.Next)
	return binary.BigEndian.AppendUint64(b, c.Digest)
}

func appendRefusal(b []byte, e *RefusedError) []byte {
	b = append(b, byte(typeRefuse), byte(e.Reason))
	return append(b, e.Detail[:min(len(e.Detail), maxDetail)]...)
}

func appendMarks(b []byte, t messageType, marks []mark) []byte {
	b = append(b, byte(t))
	for _, m := range marks {
		b = append(b, byte(len(m.name))) // MaxName is below 256
		b = append(b, m.name...)
		b = binary.AppendUvarint(b, m.next)
	}
	return b
}

// parser takes fields off a message. After a field that is not there nothing is.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) take(n int) []byte {
	if p.bad || n > len(p.b) {
		p.bad = true
		return nil
	}
	field := p.b[:n]
	p.b = p.b[n:]
	return field
}

func (p *parser) u64() uint64 {
	if b := p.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (p *parser) uvarint() uint64 {
	v, n := binary.Uvarint(p.b)
	if p.bad || n <= 0 || n > 1 && p.b[n-1] == 0 { // there is a shorter form
		p.bad = true
		return 0
	}
	p.b = p.b[n:]
	return v
}

// done reports whether all fields were there and nothing else was.
func (p *parser) done() bool { return !p.bad && len(p.b) == 0 }

func parseHello(body []byte) (h hello, err error) {
	if len(body) > 0 && body[0] != version {
		return h, &RefusedError{Reason: ReasonVersion}
	}
	p := parser{b: body}
	p.take(1)
	copy(h.relation[:], p.take(len(h.relation)))
	h.self = life{p.u64(), p.u64()}
	h.peer = life{p.u64(), p.u64()}
	if !p.done() || h.self.generation == 0 {
		return h, malformed("hello")
	}
	return h, nil
}

func parseFrom(body []byte) (f from, err error) {
	p := parser{b: body}
	f.at.Next, f.at.Digest, f.end = p.uvarint(), p.u64(), p.uvarint()
	if !p.done() || f.end < f.at.Next {
		return f, malformed("start")
	}
	return f, nil
}

func parseCommitted(body []byte) (c journal.Cursor, err error) {
	p := parser{b: body}
	c.Next, c.Digest = p.uvarint(), p.u64()
	if !p.done() {
		return c, malformed("commit")
	}
	return c, nil
}

func parseRefusal(stream string, body []byte) *RefusedError {
	e := &RefusedError{Reason: ReasonProtocol, Stream: stream, ByPeer: true}
	if len(body) > 0 && body[0] > 0 {
		e.Reason = Reason(body[0])
		e.Detail = string(body[1:min(len(body), 1+maxDetail)])
	}
	return e
}

func parseMarks(body []byte) (marks map[string]uint64, err error) {
	p := parser{b: body}
	marks = make(map[string]uint64)
	for !p.bad && len(p.b) > 0 {
		name, next := string(p.take(int(p.take(1)[0]))), p.uvarint()
		if _, twice := marks[name]; twice || name == "" || len(name) > MaxName || len(marks) == maxStreams {
			return nil, malformed("end")
		}
		marks[name] = next
	}
	if !p.done() {
		return nil, malformed("end")
	}
	return marks, nil
}
