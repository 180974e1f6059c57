package sessiontest

import (
	"strings"
	"time"
)

// streamCases: streams, their ids and their ends (§6).
var streamCases = []conformance{
	{"6", "a stream needs no answer and ends each way by itself", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, "a name"), Message(id, "hello"), Fin(id))
		s.Want(Message(id, "hello"), Fin(id))
		s.echo("the main stream goes on")
	}},
	{"6", "ids may be left out, but have to rise", eitherSide, func(s *script) {
		s.join()
		id := s.stream(7)
		s.Send(Open(id, ""), Message(id, "x"))
		s.Want(Message(id, "x"))
		s.Send(Open(s.stream(6), ""))
		s.WantAbort(abortProtocol)
	}},
	{"6", "the tested side opens its own kind of ids, in rising order", eitherSide, func(s *script) {
		s.join()
		for i := range uint64(3) {
			s.Send(Message(0, "open number"))
			s.Want(Open(s.theirs(i), "number"))
			s.Send(Message(s.theirs(i), "hello"))
			s.Want(Message(s.theirs(i), "hello"))
			s.Send(Fin(s.theirs(i)))
			s.Want(Fin(s.theirs(i)))
		}
	}},
	{"6", "256 streams are open at once, a further one is an error", eitherSide, func(s *script) {
		s.join()
		for i := range uint64(256) {
			s.Send(Open(s.stream(i), ""))
		}
		s.Send(Fin(s.stream(3)))
		s.Want(Fin(s.stream(3)))
		s.Send(Open(s.stream(256), ""), Message(s.stream(256), "there is room again"))
		s.Want(Message(s.stream(256), "there is room again"))
		s.Send(Open(s.stream(257), ""))
		s.WantAbort(abortProtocol)
	}},
	{"6", "the tested side has no more than 256 streams open", eitherSide, func(s *script) {
		s.join()
		for i := range uint64(256) {
			s.Send(Message(0, "open x"))
			s.Want(Open(s.theirs(i), "x"))
		}
		s.Send(Message(0, "open x"))
		s.WantIdle(time.Minute)
		s.Send(Fin(s.theirs(0)))
		s.Want(Fin(s.theirs(0)), Open(s.theirs(256), "x"))
	}},
	{"6", "RESET ends both directions; what is under way is dropped", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), Message(id, "reset"))
		s.Want(ResetStream(id))
		s.Send(Message(id, "under way"), First(id, 9, "x"), Abandon(id), Fin(id))
		s.echo("the session goes on")
	}},
	{"6", "after the peer's RESET nothing more comes", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), Message(id, "x"))
		s.Want(Message(id, "x"))
		s.Send(ResetStream(id))
		s.WantIdle(time.Second)
		s.Send(Message(id, "y"), Credit(id, 0, 1<<20))
		s.echo("the session goes on")
	}},
	{"3.2", "RESET inside a message drops it", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), First(id, 100, "half of"), ResetStream(id))
		s.echo("the session goes on")
	}},
	{"6", "what came before FIN is kept by a RESET behind it", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), Message(id, "x"), Fin(id), ResetStream(id))
		s.echo("the session goes on")
	}},
	violates("6", "OPEN of the main stream", func(s *script) { s.Send(Open(0, "")) }),
	violates("6", "OPEN of the other side's kind", func(s *script) { s.Send(Open(s.theirs(0), "")) }),
	violates("6", "OPEN twice", func(s *script) { s.Send(Open(s.stream(0), ""), Open(s.stream(0), "")) }),
	violates("6", "MESSAGE on a stream that never was", func(s *script) { s.Send(Message(s.stream(0), "x")) }),
	violates("6", "FIN of a stream that never was", func(s *script) { s.Send(Fin(s.stream(0))) }),
	violates("6", "RESET of a stream that never was", func(s *script) { s.Send(ResetStream(s.theirs(0))) }),
	violates("6", "FIN of the main stream", func(s *script) { s.Send(Fin(0)) }),
	violates("6", "RESET of the main stream", func(s *script) { s.Send(ResetStream(0)) }),
	violates("6", "MESSAGE behind FIN", func(s *script) {
		s.Send(Open(s.stream(0), ""), Message(s.stream(0), "hold"), Fin(s.stream(0)), Message(s.stream(0), "x"))
	}),
	violates("6", "FIN behind FIN", func(s *script) {
		s.Send(Message(0, "open x"))
		s.Want(Open(s.theirs(0), "x"))
		s.Send(Message(s.theirs(0), "hold"), Fin(s.theirs(0)), Fin(s.theirs(0)))
	}),
}

// creditCases: how much may be on the way (§6).
var creditCases = []conformance{
	{"6", "the tested side stays within its credit", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "send 300000")) // Peer checks each frame against the limit
		s.WantType(TypeFirst)
		s.settle()
		if got := s.offset(0); got > minCredit || got < minCredit-maxFragment-100 {
			s.t.Errorf("§6: %d bytes were sent with a credit of %d", got, minCredit)
		}
		for s.offset(0) < 300000 {
			before := s.offset(0)
			s.Send(Ack(s.Position().Next), Credit(0, before, before+minCredit))
			s.await("more", s.linked(), func() bool { return s.accounts.offsets[0] > before })
			s.drain()
		}
	}},
	{"6", "limits never shrink", eitherSide, func(s *script) {
		s.join()
		s.Send(Credit(0, 0, 1<<20), Credit(0, 0, 1000), Message(0, "send 300000"))
		if got := s.WantMessage(0); len(got) != 300000 {
			s.t.Errorf("%d bytes", len(got))
		}
	}},
	{"6", "limits survive links", eitherSide, func(s *script) {
		s.join()
		s.Send(Credit(0, 0, 1<<20), Message(0, "x"))
		s.Want(Message(0, "x"))
		s.rejoin()
		s.Send(Message(0, "send 300000"))
		if got := s.WantMessage(0); len(got) != 300000 {
			s.t.Errorf("%d bytes", len(got))
		}
	}},
	{"6", "credit is renewed when a quarter of it was consumed", eitherSide, func(s *script) {
		s.join()
		s.WantCredit(0, minCredit)
		before := s.Limit(0)
		s.Send(Message(0, strings.Repeat("m", maxFragment)), Message(0, "x"))
		s.WantMessage(0)
		s.WantMessage(0)
		s.Send(Message(0, strings.Repeat("m", maxFragment)))
		s.WantMessage(0)
		s.WantCredit(0, before+2*maxFragment)
	}},
	{"6", "OPEN, FIN and RESET cost no credit", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, strings.Repeat("n", 256)), Message(id, "hold"))
		s.WantCredit(id, 0)
		s.WantIdle(time.Second)
		limit := max(s.Limit(id), s.Limit(0))
		left := int(limit) - len(Message(id, "hold").Encode())
		for left > 0 {
			n := min(left-4, 30000) // 4 for the head
			if rest := left - 4 - n; rest > 0 && rest < 200 {
				n -= 200
			}
			f := Message(id, strings.Repeat("m", n))
			if len(f.Encode()) > left {
				f = Message(id, strings.Repeat("m", n-len(f.Encode())+left))
			}
			s.Send(f)
			left -= len(f.Encode())
			if left < 4 {
				break
			}
		}
		s.Send(Fin(id))
		s.echo("all of the credit was used")
	}},
	{"6", "CREDIT for a stream whose OPEN has not come is ignored", eitherSide, func(s *script) {
		s.join()
		s.Send(Credit(s.stream(9), 0, 1<<20))
		s.echo("the session goes on")
	}},
	{"6", "a slow stream holds up no other", eitherSide, func(s *script) {
		s.join()
		id := s.stream(0)
		s.Send(Open(id, ""), Message(id, "hold"))
		for range 3 {
			s.Send(Message(id, strings.Repeat("m", maxFragment)))
		}
		s.echo("the main stream goes on")
	}},
	violates("6", "sending beyond the credit", func(s *script) {
		s.Send(Message(0, "hold"))
		for range 9 {
			s.Send(Message(0, strings.Repeat("m", maxFragment)))
		}
	}),
	violates("6", "CREDIT for a stream of the tested side that never was", func(s *script) { s.Send(Credit(s.theirs(3), 0, 1)) }),
	violates("6", "CREDIT that consumes what was not sent", func(s *script) { s.Send(Credit(0, 1<<30, 1<<31)) }),
	violates("6", "CREDIT with a limit below what was consumed", func(s *script) {
		s.echo("x")
		s.Send(Credit(0, 4, 3))
	}),
}

// settle waits until nothing more comes of what is under way.
func (s *script) settle() {
	time.Sleep(100 * time.Millisecond)
	s.drain()
}

// drain forgets the frames that have come.
func (s *script) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link.flow = nil
}
