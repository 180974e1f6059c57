package sessiontest

import (
	"syscall"
	"time"
)

// established joins, echoes and cuts the link: the tested side is about to make an attempt.
func (s *script) established() {
	s.t.Helper()
	s.join()
	s.echo("hello")
	s.Send(Ack(1))
	s.WantIdle(time.Second)
	s.Cut()
	s.Patience = 40 * time.Second // who answers for the peer may slow attempts down to one in 30 s
}

// final makes a case of a proven refusal that ends the session.
func final(status Status) conformance {
	return conformance{"4.5", "the refusal " + status.String() + " is final", dialingSide, func(s *script) {
		s.established()
		s.WantAttempt().Refuse(status)
		s.WantNoAttempt(10 * time.Minute)
	}}
}

// dialingCases: how a dialing side comes back, and whom it believes.
var dialingCases = []conformance{
	final(NoVersion), final(NoSession), final(SessionClosed), final(OtherIncarnation), final(BadPosition),
	final(BadDigest), final(SessionEnded),

	{"4.3", "an unproven refusal ends nothing", dialingSide, func(s *script) {
		s.established()
		for status := BadProof; status <= SessionEnded; status++ {
			a := s.WantAttempt()
			a.Answer(a.Reply(status), []byte("who has taken the port over...."))
		}
		s.WantAttempt().Accept()
		s.echo("the session has survived")
	}},
	{"4.3", "an unproven acceptance is not acted on", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		stranger := a.Answer(a.Reply(Accepted), []byte("who has taken the port over...."))
		s.WantAttempt().Accept()
		if p, err := readPacket(stranger); err == nil {
			s.t.Errorf("the stranger was sent %x", p)
		}
		s.echo("the session has survived")
	}},
	{"4.3", "a resume's reply that is proven with the key only", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		a.Answer(a.Reply(Accepted), s.Key)
		s.WantAttempt().Accept()
		s.echo("the session has survived")
	}},
	{"4.3", "a refusal that is proven with the key counts", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		a.Answer(a.Reply(NoSession), s.Key)
		s.WantNoAttempt(10 * time.Minute)
	}},
	{"4.5", "after a stale attempt comes one above the highest seen", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		r := a.Reply(Stale)
		r.Attempt = a.Attempt + 1000
		a.Answer(r, a.key())
		if again := s.WantAttempt(); again.Attempt <= r.Attempt {
			s.t.Errorf("attempt %d after one of %d was seen", again.Attempt, r.Attempt)
		}
	}},
	{"8", "a refusal's delay is kept to, with up to a quarter more", dialingSide, func(s *script) {
		s.established()
		for _, status := range []Status{NoRoom, ShuttingDown} {
			a := s.WantAttempt()
			r := a.Reply(status)
			r.RetryAfter = 4000
			a.Answer(r, a.key())
			told := time.Now()
			if wait := s.WantAttempt().At.Sub(told); wait < 4*time.Second || wait > 5*time.Second {
				s.t.Errorf("status %v: the next attempt came after %v, asked for 4 s", status, wait)
			}
		}
	}},
	{"4.2", "a reply with a version or feature that was not offered ends the session", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		r := a.Reply(Accepted)
		r.Version, r.Features = 2, 1
		a.Answer(r, a.key())
		s.WantNoAttempt(10 * time.Minute)
	}},
	{"4.2", "a reply for another attempt ends the session", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		r := a.Reply(Accepted)
		r.Attempt--
		a.Answer(r, a.key())
		s.WantNoAttempt(10 * time.Minute)
	}},
	{"4.2", "a reply of another length is not acted on", dialingSide, func(s *script) {
		s.established()
		a := s.WantAttempt()
		a.answer <- answer{reply: a.Reply(NoSession).Encode(a.key(), a.raw)[1:]}
		s.WantAttempt().Accept()
		s.echo("the session has survived")
	}},
	{"4.4", "the reply to a create was lost: it is made again, the same", dialingSide, func(s *script) {
		first := s.WantAttempt()
		first.Fail(syscall.ECONNRESET)
		again := s.WantAttempt()
		if again.Session != first.Session || again.Kind != KindCreate || again.Attempt <= first.Attempt {
			s.t.Errorf("%+v\nafter %+v", again.Request, first.Request)
		}
		again.Accept()
		s.echo("hello")
	}},
	{"8", "attempts overlap, at most four, and start at most 1.5 s apart", dialingSide, func(s *script) {
		s.established()
		var pending []*Attempt
		last := time.Now()
		for range 40 {
			a := s.WantAttempt() // and let it hang
			if gap := a.At.Sub(last); gap > 1500*time.Millisecond {
				s.t.Fatalf("attempt %d started %v after the one before", a.Attempt, gap)
			}
			last = a.At
			pending = append(pending, a)
			time.Sleep(time.Millisecond)
			open := 0
			for _, p := range pending {
				select {
				case <-p.Gone():
				default:
					open++
				}
			}
			if open > 4 {
				s.t.Fatalf("%d attempts under way", open)
			}
		}
		pending[len(pending)-1].Accept()
		s.echo("hello")
	}},
	{"8", "after two minutes attempts start at most 30 s apart", dialingSide, func(s *script) {
		s.established()
		start := time.Now()
		last, late := start, 0
		s.Patience = time.Minute
		for time.Since(start) < 20*time.Minute {
			a := s.WantAttempt()
			a.Fail(syscall.ECONNREFUSED)
			gap := a.At.Sub(last)
			if gap > 30*time.Second || (a.At.Sub(start) < 2*time.Minute && gap > 1500*time.Millisecond) {
				s.t.Fatalf("%v into the outage %v passed without an attempt", a.At.Sub(start), gap)
			}
			if a.At.Sub(start) > 3*time.Minute {
				late++
			}
			last = a.At
		}
		if late > 17*60/5 {
			s.t.Errorf("§8: %d attempts in 17 minutes are no back-off", late)
		}
	}},
	{"8", "the higher of two attempts wins", dialingSide, func(s *script) {
		s.established()
		first := s.WantAttempt()
		second := s.WantAttempt()
		second.Accept()
		s.echo("on the later one")
		first.Fail(syscall.ECONNRESET)
		s.echo("still")
	}},
	{"7.1", "SUPERSEDED by an attempt of its own ends the link only", dialingSide, func(s *script) {
		s.join()
		s.Send(Superseded(s.Other, s.Attempt+1))
		s.WantLinkEnd()
		s.WantAttempt().Accept()
		s.echo("hello")
	}},
	{"7.1", "SUPERSEDED by another incarnation ends the session", dialingSide, func(s *script) {
		s.join()
		s.Send(Superseded(s.Other+1, 1))
		s.WantLinkEnd()
		s.WantNoAttempt(10 * time.Minute)
	}},
}
