package sessiontest

import "time"

// livenessCases: when a link is given up (§9).
var livenessCases = []conformance{
	{"9", "a link that was silent for 15 s is pinged", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.forget(TypePing)
		s.Send(Ping(1))
		s.Want(Pong(1))
		quiet := time.Now()
		s.Patience = time.Minute
		for range 3 {
			s.WantType(TypePing)
			if d := time.Since(quiet); d < 14*time.Second || d > 16*time.Second {
				s.t.Errorf("§9: pinged after %v of silence", d)
			}
			quiet = time.Now() // the answer
		}
	}},
	{"9", "silence ends the link after 35 s, not before", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.Mute()
		s.Send(Ping(1))
		s.Want(Pong(1))
		silent := time.Now()
		s.Patience = time.Minute
		s.WantType(TypeDetach)
		if d := time.Since(silent); d < 33*time.Second || d > 36*time.Second {
			s.t.Errorf("§9: the link was given up after %v of silence", d)
		}
		s.WantLinkEnd()
		s.Unmute()
		s.rejoin()
		s.echo("the session goes on")
	}},
	{"9", "anything that arrives is a sign of life", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.Mute()
		for range 20 {
			s.WantIdle(10 * time.Second)
			s.Send(Pong(12345)) // the answer to nothing
		}
	}},
	{"9", "a PONG with another nonce does not end a probe, but extends it", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.Mute()
		s.Send(Message(0, "never acknowledged"))
		s.Want(Message(0, "never acknowledged"))
		start := time.Now()
		for range 30 { // a probe's answer is awaited for at least 250 ms
			s.Send(Pong(99))
			s.WantIdle(100 * time.Millisecond)
		}
		s.WantType(TypeDetach)
		if d := time.Since(start); d > 5*time.Second {
			s.t.Errorf("§9: the link was given up after %v", d)
		}
	}},
	{"9", "frames without any acknowledgement make for a probe within 500 ms", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.forget(TypePing)
		sent := time.Now()
		s.Send(Message(0, "never acknowledged"))
		s.Want(Message(0, "never acknowledged"))
		s.WantType(TypePing)
		if d := time.Since(sent); d < 400*time.Millisecond || d > 600*time.Millisecond {
			s.t.Errorf("§9: probed after %v", d)
		}
		s.WantIdle(time.Second) // it was answered
	}},
	{"9", "an unanswered probe ends the link within 1.5 s", eitherSide, func(s *script) {
		s.join()
		s.WantIdle(time.Second)
		s.forget(TypePing)
		s.Mute()
		s.Send(Message(0, "never acknowledged"))
		s.Want(Message(0, "never acknowledged"))
		s.WantType(TypePing)
		probed := time.Now()
		s.WantType(TypeDetach)
		if d := time.Since(probed); d < 200*time.Millisecond || d > 1600*time.Millisecond {
			s.t.Errorf("§9: given up %v after the probe", d)
		}
		s.WantLinkEnd()
		s.Unmute()
		s.rejoin()
		s.echo("the session goes on")
	}},
}

// forget drops the frames of a type that have come.
func (s *script) forget(t FrameType) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.link.chat, t)
}
