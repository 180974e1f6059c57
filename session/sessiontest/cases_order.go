package sessiontest

import (
	"fmt"
	"strings"
	"time"
)

// orderCases: numbers, acknowledgements and digests.
var orderCases = []conformance{
	{"5.1", "what has been received is dropped when it comes again", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "a"), Message(0, "b"))
		s.Want(Message(0, "a"), Message(0, "b"))
		s.Inject(Seq(0), Message(0, "a"), Message(0, "b"))
		s.Inject(Seq(1), Message(0, "b"))
		s.WantIdle(time.Second)
		s.echo("c")
	}},
	{"5.1", "a packet that begins with what was received and goes on", eitherSide, func(s *script) {
		s.join()
		s.echo("a")
		s.mu.Lock()
		s.accounts.say(Message(0, "b"))
		s.mu.Unlock()
		s.Inject(Seq(0), Message(0, "a"), Message(0, "b"))
		s.Want(Message(0, "b"))
	}},
	{"5.2", "an arrival is acknowledged after 25 ms", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), Message(id, "hold"))
		s.WantAck(2)
		start := time.Now()
		s.Send(Message(id, "nobody takes this"))
		s.WantAck(3)
		if d := time.Since(start); d > 25*time.Millisecond {
			s.t.Errorf("§5.2: acknowledged after %v", d)
		}
	}},
	{"5.2", "128 KiB are acknowledged at once", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), Message(id, "hold"))
		s.WantAck(2)
		s.WantIdle(time.Second)
		start := time.Now()
		for range 4 {
			s.Send(Message(id, strings.Repeat("m", maxFragment)))
		}
		s.WantAck(6)
		if d := time.Since(start); d >= 25*time.Millisecond {
			s.t.Errorf("§5.2: acknowledged after %v", d)
		}
	}},
	{"5.2", "an acknowledgement goes with the next packet", eitherSide, func(s *script) {
		s.join()
		start := time.Now()
		s.echo("there and back")
		s.WantAck(1)
		if d := time.Since(start); d >= 25*time.Millisecond {
			s.t.Errorf("§5.2: acknowledged after %v", d)
		}
	}},
	{"5.2", "acknowledgements never wait for the application", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "hold"))
		for i := range uint64(20) {
			s.Send(Message(0, fmt.Sprint("nobody takes this ", i)))
			s.WantAck(i + 2)
		}
		s.Send(Ping(42))
		s.Want(Pong(42))
	}},
	{"5.3", "an ACK with the right digest", eitherSide, func(s *script) {
		s.join()
		s.echo("a")
		s.Send(AckDigest(1, s.Position().Digest))
		s.echo("b")
	}},
	{"5.3", "an ACK with another digest ends the session", eitherSide, func(s *script) {
		s.join()
		s.echo("a")
		s.Send(AckDigest(1, s.Position().Digest+1))
		s.WantAbort(abortDigest)
		s.over(SessionEnded)
	}},
	{"5.3", "every MiB or so the digest is told", eitherSide, func(s *script) {
		s.join()
		msg := strings.Repeat("m", maxFragment-100)
		digests := 0
		for range 100 {
			s.Send(Message(0, msg))
			s.WantMessage(0)
			pos := s.Position()
			s.Send(Ack(pos.Next), Credit(0, s.offset(0), s.offset(0)+minCredit))
			s.WantAck(pos.Sent)
			s.mu.Lock()
			for _, f := range s.link.chat[TypeAck] {
				if len(f.Body) > 8 {
					digests++ // Peer has checked it
				}
			}
			s.link.chat[TypeAck] = nil
			s.mu.Unlock()
		}
		if digests < 2 || digests > 6 {
			s.t.Errorf("§5.3: %d digests in 3 MiB", digests)
		}
	}},
}

// offset is how far the tested side has sent on a stream.
func (s *script) offset(stream uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts.offsets[stream]
}
