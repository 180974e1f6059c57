package sessiontest

import (
	"strings"
	"time"
)

// frameCases: what a peer may send is understood.
var frameCases = []conformance{
	{"3.1", "a packet of 36,864 bytes", eitherSide, func(s *script) {
		s.join()
		msg := strings.Repeat("m", maxFragment)
		rest := maxPacket - len(Seq(0).Encode()) - len(Message(0, msg).Encode())
		filler := strings.Repeat("f", rest-len(Message(0, strings.Repeat("f", 200)).Encode())+200)
		s.Send(Message(0, msg), Message(0, filler))
		if got := string(s.WantMessage(0)); got != msg {
			s.t.Errorf("%d bytes came back", len(got))
		}
		s.Want(Message(0, filler))
	}},
	{"3.1", "what is sent again is so byte for byte", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "one"), Message(0, "two"), Message(0, "send 70000"))
		s.Want(Message(0, "one"), Message(0, "two"))
		s.WantMessage(0)
		s.Forget(4)
		s.rejoin() // Peer compares what it has kept
		s.Want(Message(0, "two"))
		if got := s.WantMessage(0); len(got) != 70000 {
			s.t.Errorf("%d bytes", len(got))
		}
		s.echo("and goes on")
	}},
	{"3.2", "a message of 32,768 bytes in one frame, and an empty one", eitherSide, func(s *script) {
		s.join()
		s.echo(strings.Repeat("m", maxFragment))
		s.echo("")
	}},
	{"3.2", "fragments of any size are put together, between those of other streams", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, "other"), First(0, 9, "abc"), First(id, 4, "12"))
		s.Send(Fragment(id, "3"), Fragment(0, "d"))
		s.Send(Fragment(0, "efgh"), Fragment(id, "4"))
		s.Want(Message(id, "1234"))
		s.Send(Fragment(0, "i"))
		s.Want(Message(0, "abcdefghi"))
	}},
	{"3.2", "an abandoned message is dropped", eitherSide, func(s *script) {
		s.join()
		s.Send(First(0, 9, "abc"), Fragment(0, "def"), Abandon(0), Message(0, "next"))
		s.Want(Message(0, "next"))
	}},
	{"3.2", "a large message is sent in fragments", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "send 100000"))
		if got := s.WantMessage(0); len(got) != 100000 {
			s.t.Errorf("%d bytes", len(got))
		}
	}},
	{"3.2", "a stream's name of 256 bytes", eitherSide, func(s *script) {
		s.join()
		s.Send(Open(s.stream(0), strings.Repeat("n", 256)), Message(s.stream(0), "hello"))
		s.Want(Message(s.stream(0), "hello"))
	}},
	{"3.3", "unknown types from 0x60 are skipped", eitherSide, func(s *script) {
		s.join()
		s.Send(Frame{Type: 0x60}, Frame{Type: 0x7f, Body: []byte("any")}, Message(0, "behind them"))
		s.Want(Message(0, "behind them"))
	}},
	{"3.3", "a PING is answered with its nonce", eitherSide, func(s *script) {
		s.join()
		s.Send(Ping(0x1122334455667788))
		s.Want(Pong(0x1122334455667788))
	}},
	{"3.3", "texts of 256 bytes", eitherSide, func(s *script) {
		s.join()
		s.Send(Abort(0, 0, strings.Repeat("\xff", maxText)))
		s.WantLinkEnd()
		s.over(SessionEnded)
	}},
	{"10", "of five PINGs at once four are answered", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.Send(Ping(1), Ping(2), Ping(3), Ping(4), Ping(5))
		s.Want(Pong(1), Pong(2), Pong(3), Pong(4))
		s.echo("x")
		s.mu.Lock()
		defer s.mu.Unlock()
		if more := s.link.chat[TypePong]; len(more) > 0 {
			s.t.Errorf("§10: %v, too", more)
		}
	}},
	{"10", "control frames of a packet stay below 1,024 bytes", eitherSide, func(s *script) {
		s.join()
		for i := range uint64(200) { // all of them have credit to state on the next link
			s.Send(Open(s.stream(i), ""), Message(s.stream(i), "x"))
			s.Want(Message(s.stream(i), "x"))
		}
		s.rejoin()
		for i := range uint64(200) {
			s.WantCredit(s.stream(i), minCredit)
		}
		s.echo("x")
	}},
}
