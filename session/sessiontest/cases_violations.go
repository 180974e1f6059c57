package sessiontest

import "strings"

// What ABORT says of a protocol error (§7.3).
const (
	abortProtocol = 1
	abortDigest   = 2
	abortPosition = 3
)

// violates makes a case of a protocol error: it ends the session, and is told.
func violates(section, name string, run func(*script)) conformance {
	return conformance{section, name, eitherSide, func(s *script) {
		s.join()
		s.WantIdle(0)
		run(s)
		s.WantAbort(abortProtocol)
		s.over(SessionEnded)
	}}
}

// violationCases: what a peer may not send ends the session.
var violationCases = []conformance{
	violates("3.1", "a packet of 36,865 bytes", func(s *script) {
		p := append(Seq(0).Encode(), Message(0, strings.Repeat("m", maxFragment)).Encode()...)
		rest := maxPacket + 1 - len(p)
		s.InjectPacket(append(p, Message(0, strings.Repeat("x", rest-4)).Encode()...))
	}),
	violates("3.1", "a packet that ends inside a frame", func(s *script) {
		p := append(Seq(0).Encode(), Message(0, "cut short").Encode()...)
		s.InjectPacket(p[:len(p)-1])
	}),
	violates("3.1", "a packet that ends inside a frame's head", func(s *script) {
		s.InjectPacket(append(Seq(0).Encode(), byte(TypeMessage)))
	}),
	violates("3.1", "a type from 0x80", func(s *script) { s.Inject(Frame{Type: 0x80}) }),
	violates("3.2", "a MESSAGE above 32,768 bytes", func(s *script) {
		s.Send(Message(0, strings.Repeat("m", maxFragment+1)))
	}),
	violates("3.2", "FIRST above the message limit", func(s *script) { s.Send(First(0, 1<<40, "x")) }),
	violates("3.2", "FIRST that is all", func(s *script) { s.Send(First(0, 1, "x")) }),
	violates("3.2", "FIRST without bytes", func(s *script) { s.Send(First(0, 9, "")) }),
	violates("3.2", "FIRST with more than 32,768 bytes", func(s *script) {
		s.Send(First(0, 1<<16, strings.Repeat("m", maxFragment+1)))
	}),
	violates("3.2", "FRAGMENT without FIRST", func(s *script) { s.Send(Fragment(0, "x")) }),
	violates("3.2", "FRAGMENT beyond the message", func(s *script) { s.Send(First(0, 3, "ab"), Fragment(0, "cd")) }),
	violates("3.2", "FRAGMENT without bytes", func(s *script) { s.Send(First(0, 3, "ab"), Fragment(0, "")) }),
	violates("3.2", "ABANDON without FIRST", func(s *script) { s.Send(Abandon(0)) }),
	violates("3.2", "ABANDON with a body", func(s *script) {
		s.Send(First(0, 3, "ab"), Frame{TypeAbandon, 0, []byte("x")})
	}),
	violates("3.2", "MESSAGE inside a message", func(s *script) { s.Send(First(0, 3, "ab"), Message(0, "x")) }),
	violates("3.2", "FIRST inside a message", func(s *script) { s.Send(First(0, 3, "ab"), First(0, 3, "ab")) }),
	violates("3.2", "FIN inside a message", func(s *script) {
		id := s.stream(0)
		s.Send(Open(id, ""), First(id, 3, "ab"), Fin(id))
	}),
	violates("3.2", "a name above 256 bytes", func(s *script) {
		s.Send(Open(s.stream(0), strings.Repeat("n", 257)))
	}),
	violates("3.2", "FIN with a body", func(s *script) {
		s.Send(Open(s.stream(0), ""), Frame{TypeFin, s.stream(0), []byte("x")})
	}),
	violates("3.2", "RESET with a body", func(s *script) {
		s.Send(Open(s.stream(0), ""), Frame{TypeReset, s.stream(0), []byte("x")})
	}),
	violates("3.2", "an unknown sequenced type", func(s *script) { s.Send(Frame{Type: 0x3f}) }),
	violates("3.2", "type zero", func(s *script) { s.Send(Frame{Type: 0}) }),
	violates("3", "a length that is not in its shortest form", func(s *script) {
		s.InjectPacket(append(Seq(0).Encode(), byte(TypeMessage), 0, 0x81, 0x00, 'x'))
	}),
	violates("3", "a stream's id that is not in its shortest form", func(s *script) {
		s.InjectPacket(append(Seq(0).Encode(), byte(TypeMessage), 0x80, 0x00, 1, 'x'))
	}),
	violates("3", "a number that is not in its shortest form", func(s *script) {
		s.InjectPacket([]byte{byte(TypeAck), 2, 0x80, 0x00})
	}),
	violates("3", "a number above 64 bits", func(s *script) {
		s.InjectPacket(append([]byte{byte(TypeAck), 11}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"...))
	}),
	violates("3.3", "an unknown type below 0x60", func(s *script) { s.Inject(Frame{Type: 0x5f}) }),
	violates("3.3", "a sequenced frame without SEQ", func(s *script) { s.Inject(Message(0, "x")) }),
	violates("3.3", "PING with seven bytes", func(s *script) { s.Inject(Frame{Type: TypePing, Body: make([]byte, 7)}) }),
	violates("3.3", "PONG with nine bytes", func(s *script) { s.Inject(Frame{Type: TypePong, Body: make([]byte, 9)}) }),
	violates("3.3", "ACK with half a digest", func(s *script) {
		s.Inject(Frame{Type: TypeAck, Body: append(varints(0), 1, 2, 3, 4)})
	}),
	violates("3.3", "CREDIT with too few numbers", func(s *script) { s.Inject(Frame{Type: TypeCredit, Body: varints(0, 0)}) }),
	violates("3.3", "CREDIT with too many numbers", func(s *script) {
		s.Inject(Frame{Type: TypeCredit, Body: varints(0, 0, 1<<20, 1)})
	}),
	violates("3.3", "END with a text of 257 bytes", func(s *script) { s.Inject(End(0, 0, 0, strings.Repeat("t", maxText+1))) }),
	violates("3.3", "ABORT with a text of 257 bytes", func(s *script) { s.Inject(Abort(0, 0, strings.Repeat("t", maxText+1))) }),
	violates("5.1", "a number above the one expected", func(s *script) { s.Inject(Seq(7), Message(0, "x")) }),
	violates("5.2", "ACK of what was never sent", func(s *script) { s.Inject(Ack(1 << 40)) }),
}
