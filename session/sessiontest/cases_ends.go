package sessiontest

import "time"

// endCases: how links and sessions end (§7).
var endCases = []conformance{
	{"7.1", "DETACH ends the link, not the session", eitherSide, func(s *script) {
		s.join()
		s.Send(Detach(5))
		s.WantLinkEnd()
		s.rejoin()
		s.echo("goes on")
	}},
	{"7.1", "the end of the connection ends the link, not the session", eitherSide, func(s *script) {
		s.join()
		s.rejoin()
		s.echo("goes on")
	}},
	{"7.2", "END is answered with the same final and the tested side's next", eitherSide, func(s *script) {
		s.join()
		s.echo("one")
		s.Send(Ack(1), Message(0, "two"))
		s.Want(Message(0, "two"))
		s.Send(End(2, 2, 0, "bye"))
		s.Want(EndAck(2, 2))
		s.WantLinkEnd()
		if r := s.over(SessionClosed); r != nil && (r.Next != 2 || r.Sent != 2) {
			s.t.Errorf("§7.2: the final numbers are told as %+v", r.Position)
		}
	}},
	{"7.2", "END again on a new link: its answer was lost", acceptingSide, func(s *script) {
		s.join()
		s.echo("one")
		s.Send(End(1, 1, 0, ""))
		s.Want(EndAck(1, 1))
		s.Cut()
		if r := s.over(SessionClosed); r.Next != 1 {
			s.t.Errorf("§7.2: the final numbers are told as %+v", r.Position)
		}
	}},
	{"7.2", "END follows the last frame, and everything is delivered first", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "one"), Message(0, "two"), Message(0, "close"))
		s.Want(Message(0, "one"), Message(0, "two"))
		end := s.WantType(TypeEnd)
		if end.Number(0) != 2 || end.Number(1) != 3 {
			s.t.Errorf("§7.2: %v, sent 2, received 3", end)
		}
		s.Send(EndAck(2, 2))
		s.WantLinkEnd()
		s.over(SessionClosed)
	}},
	{"7.2", "END is sent again on a new link, behind what was lost", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "one"), Message(0, "close"))
		s.Want(Message(0, "one"), End(1, 2, 0, ""))
		s.Forget(1)
		s.rejoin()
		s.Want(Message(0, "one"), End(1, 2, 0, ""))
		s.Send(EndAck(1, 1))
		s.WantLinkEnd()
		s.over(SessionClosed)
	}},
	{"7.2", "both sides say END at the same time", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "close"))
		s.Want(End(0, 1, 0, ""))
		s.Send(End(1, 0, 0, ""))
		s.Want(EndAck(1, 1))
		s.WantLinkEnd()
		s.over(SessionClosed)
	}},
	{"7.2", "what comes behind END is not received", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "close"))
		s.Want(End(0, 1, 0, ""))
		s.Send(Message(0, "too late"), End(2, 0, 0, ""))
		s.Want(EndAck(2, 1))
		s.WantLinkEnd()
	}},
	violates("7.2", "END with a final number that was not reached", func(s *script) { s.Inject(End(7, 0, 0, "")) }),
	violates("7.2", "END with a final number below what was received", func(s *script) {
		s.echo("one")
		s.Inject(End(0, 0, 0, ""))
	}),
	violates("7.2", "END that expects what was never sent", func(s *script) { s.Inject(End(0, 9, 0, "")) }),
	violates("7.2", "END-ACK without END", func(s *script) { s.Inject(EndAck(0, 0)) }),
	violates("7.2", "END-ACK of another final number", func(s *script) {
		s.Send(Message(0, "close"))
		s.Want(End(0, 1, 0, ""))
		s.Inject(EndAck(1, 0))
	}),
	{"7.3", "ABORT ends the session on both sides", eitherSide, func(s *script) {
		s.join()
		s.echo("one")
		s.Send(Abort(0, 1, "enough"))
		s.WantLinkEnd()
		if r := s.over(SessionEnded); r != nil && r.Next != 1 {
			s.t.Errorf("§7.2: the final numbers are told as %+v", r.Position)
		}
	}},
	{"7.3", "unknown codes of ABORT end it, too", eitherSide, func(s *script) {
		s.join()
		s.Send(Abort(1<<50, 0, ""))
		s.WantLinkEnd()
		s.over(SessionEnded)
	}},
	{"7.3", "an end at once is told with the next number expected", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "abort"))
		if f := s.WantType(TypeAbort); f.Number(0) != 0 || f.Number(1) != 1 {
			s.t.Errorf("§7.3: %v, received 1", f)
		}
		s.WantLinkEnd()
		s.over(SessionEnded)
	}},
	{"7.2", "a session that has ended can't be created again", acceptingSide, func(s *script) {
		s.join()
		s.Send(End(0, 0, 0, ""))
		s.Want(EndAck(0, 0))
		s.WantLinkEnd()
		time.Sleep(time.Hour)
		s.Refused(s.dial, s.Request(KindCreate), s.Key, SessionClosed)
	}},
}
