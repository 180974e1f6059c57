package sessiontest

import "time"

// unjoinable makes a case of a position that can't be joined: it ends the session. change
// turns the true position of a peer that has sent three messages, of which the echoes were
// received and acknowledged.
func unjoinable(name string, status Status, side tested, change func(*Position)) conformance {
	return conformance{"4.6", name, side, func(s *script) {
		s.join()
		s.Send(Message(0, "a"), Message(0, "b"), Message(0, "c"))
		s.Want(Message(0, "a"), Message(0, "b"), Message(0, "c"))
		s.Send(Ack(3))
		s.WantAck(3)
		s.WantIdle(time.Second)
		s.Cut()
		if s.side == acceptingSide {
			q := s.Request(KindResume)
			change(&q.Position)
			s.Refused(s.dial, q, s.keyFor(KindResume), status)
			s.over(SessionEnded)
			return
		}
		a := s.WantAttempt()
		r := a.Reply(Accepted)
		change(&r.Position)
		a.Answer(r, a.key())
		s.over(status)
	}}
}

// joinCases: where the two sides are is compared before anything goes on.
var joinCases = []conformance{
	unjoinable("the peer expects what was never sent", BadPosition, eitherSide, func(p *Position) { p.Next += 5 }),
	unjoinable("the peer retains less than is needed", BadPosition, eitherSide, func(p *Position) { p.Oldest, p.Sent = 9, 9 }),
	unjoinable("the peer was rolled back", BadPosition, dialingSide, func(p *Position) { p.Next, p.Digest = 1, 0 }),
	unjoinable("the peer sends what was received", BadPosition, dialingSide, func(p *Position) { p.Sent = 1 }),
	unjoinable("the peer has received something else", BadDigest, eitherSide, func(p *Position) { p.Digest++ }),

	{"4.4", "the cursor of a request is a lower bound", acceptingSide, func(s *script) {
		s.join()
		s.Send(Message(0, "a"), Message(0, "b"))
		s.Want(Message(0, "a"), Message(0, "b"))
		early := s.Request(KindResume) // made now, it arrives later
		early.Position = Position{Digest: s.accounts.received.digest(0), Sent: 1}
		s.Send(Ack(2))
		s.WantIdle(time.Second)
		r := s.Attach(s.dial, early)
		if r.Next != 2 || r.Sent != 2 || r.Oldest != 2 {
			s.t.Errorf("§4.4: the reply goes on from %+v", r.Position)
		}
		s.echo("goes on")
	}},
	{"4.6", "what was not received is sent again before anything new", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "a"), Message(0, "b"), Message(0, "c"))
		s.Want(Message(0, "a"), Message(0, "b"), Message(0, "c"))
		s.Forget(2)
		s.rejoin()
		s.Send(Message(0, "new"))
		s.Want(Message(0, "b"), Message(0, "c"), Message(0, "new"))
	}},
	{"4.6", "nothing that was received is asked for again", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "a"))
		s.Want(Message(0, "a"))
		for range 3 {
			s.rejoin()
			s.WantIdle(time.Second)
		}
		s.echo("b")
	}},
	{"4.6", "the middle of a large message", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "send 100000"))
		s.WantMessage(0)
		s.Forget(3) // of four
		s.rejoin()
		total := maxFragment
		for total < 100000 {
			total += len(s.WantType(TypeFragment).Body)
		}
		s.echo("and what follows")
	}},
}
