package sessiontest

import (
	"time"

	"github.com/standardbeagle/brum/session"
)

// attachCases: what an accepting side answers.
var attachCases = []conformance{
	{"4.1", "a request of another length or format gets no session", acceptingSide, func(s *script) {
		raw := s.Request(KindCreate).Encode(s.Key)
		for _, p := range [][]byte{nil, raw[:len(raw)-1], append(raw[:len(raw):len(raw)], 0), append([]byte{2}, raw[1:]...)} {
			if conn, _ := s.Try(s.dial, p); conn != nil {
				s.t.Errorf("%x was accepted", p)
			}
		}
		s.Refused(s.dial, s.Request(KindResume), Secret(s.Key, s.Session, 0), NoSession)
	}},
	{"4.3", "a create with a wrong proof", acceptingSide, func(s *script) {
		s.Refused(s.dial, s.Request(KindCreate), []byte("not the key, but quite as long.."), BadProof)
		s.join()
	}},
	{"4.3", "a resume proven with the key, or with another incarnation's secret", acceptingSide, func(s *script) {
		s.join()
		s.Refused(s.dial, s.Request(KindResume), s.Key, BadProof)
		s.Refused(s.dial, s.Request(KindResume), Secret(s.Key, s.Session, s.Other+1), BadProof)
		s.echo("the link is as it was")
	}},
	{"4.3", "a captured request is worthless", acceptingSide, func(s *script) {
		captured := s.Request(KindCreate)
		s.Attach(s.dial, captured)
		if r := s.Refused(s.dial, captured, s.Key, Stale); r.Attempt != captured.Attempt {
			s.t.Errorf("§4.2: the highest attempt seen is %d, not %d", captured.Attempt, r.Attempt)
		}
		s.echo("the link is as it was")
	}},
	{"4.4", "the proof is checked before the version", acceptingSide, func(s *script) {
		q := s.Request(KindCreate)
		q.MinVersion, q.MaxVersion = 7, 9
		s.Refused(s.dial, q, []byte("not the key, but quite as long.."), BadProof)
		s.Refused(s.dial, q, s.Key, NoVersion)
	}},
	{"4.4", "a version among several, features that are not known", acceptingSide, func(s *script) {
		q := s.Request(KindCreate)
		q.MinVersion, q.MaxVersion, q.Features = 0, 200, ^uint64(0)
		if r := s.Attach(s.dial, q); r.Features != 0 {
			s.t.Errorf("features %#x were chosen", r.Features)
		}
	}},
	{"4.4", "a resume of an unknown session never creates it", acceptingSide, func(s *script) {
		s.join()
		s.Cut()
		known := s.Session
		s.Session = session.NewID()
		s.Refused(s.dial, s.Request(KindResume), s.keyFor(KindResume), NoSession)
		s.Refused(s.dial, s.Request(KindResume), s.keyFor(KindResume), NoSession)
		s.Session = known
		s.rejoin()
	}},
	{"4.4", "a resume at another incarnation of the accepting side", acceptingSide, func(s *script) {
		q := s.Request(KindResume)
		q.Acceptor = 12345
		s.Refused(s.dial, q, Secret(s.Key, s.Session, q.Acceptor), NoSession)
	}},
	{"4.4", "a create for a session that exists is a resume", acceptingSide, func(s *script) {
		conn, _ := s.Try(s.dial, s.Request(KindCreate).Encode(s.Key))
		if conn == nil {
			s.t.Fatal("refused")
		}
		conn.Close() // the reply was lost with it
		s.join()
		s.echo("hello")
	}},
	{"4.1", "limits below the least ones", acceptingSide, func(s *script) {
		for _, change := range []func(*Request){
			func(q *Request) { q.MaxMessage = maxFragment - 1 },
			func(q *Request) { q.Credit = minCredit - 1 },
		} {
			q := s.Request(KindCreate)
			change(q)
			conn, r := s.exchange(s.dial, q.Encode(s.Key))
			if conn != nil || r.Status == Accepted {
				s.t.Errorf("%+v was accepted", q)
			}
			s.Session = session.NewID()
		}
	}},
	{"4.4", "an owner's new life ends the sessions of its earlier ones", acceptingSide, func(s *script) {
		s.Owner = session.ID{1, 2, 3}
		s.join()
		s.echo("first life")
		second := NewPeer(s.t, testKey)
		second.Owner, second.Incarnation = s.Owner, s.Incarnation+1
		second.Create(s.dial)
		s.Want(Superseded(second.Incarnation, second.Attempt))
		s.WantLinkEnd()
		s.Refused(s.dial, s.Request(KindResume), s.keyFor(KindResume), SessionEnded)
	}},
	{"4.4", "another owner's sessions stay, and so do those of nobody", acceptingSide, func(s *script) {
		s.join()
		second := NewPeer(s.t, testKey)
		second.Owner, second.Incarnation = session.ID{9}, s.Incarnation+1
		second.Create(s.dial)
		third := NewPeer(s.t, testKey)
		third.Incarnation = s.Incarnation + 2
		third.Create(s.dial)
		second.WantIdle(time.Second)
		s.echo("still here")
	}},
	{"4.6", "the first packet states credit, an acknowledgement and a PING", eitherSide, func(s *script) {
		s.join()
		s.Send(Message(0, "something to acknowledge"))
		s.WantType(TypeMessage)
		for range 2 {
			said := map[FrameType]int{}
			for _, f := range s.Opening() {
				said[f.Type]++
			}
			if said[TypeAck] != 1 || said[TypePing] != 1 || said[TypeCredit] == 0 {
				s.t.Errorf("§4.6: the first packet is %v", s.Opening())
			}
			s.rejoin()
		}
	}},
}

// fenceCases: a later attempt takes the session over, an earlier one does nothing.
var fenceCases = []conformance{
	{"4.4", "the former link is told SUPERSEDED and ends", acceptingSide, func(s *script) {
		s.join()
		s.echo("on the first link")
		s.Resume(s.dial)
		s.WantFormer(Superseded(s.Incarnation, s.Attempt))
		s.echo("on the second")
	}},
	{"4.5", "a stale attempt is told the highest", acceptingSide, func(s *script) {
		s.join()
		for range 5 {
			s.Resume(s.dial)
		}
		highest := s.Attempt
		q := s.Request(KindResume)
		for _, n := range []uint64{0, 1, highest - 1, highest} {
			q.Attempt = n
			if r := s.Refused(s.dial, q, s.keyFor(KindResume), Stale); r.Attempt != highest {
				s.t.Errorf("the highest attempt seen is %d, not %d", highest, r.Attempt)
			}
		}
		s.echo("the link is as it was")
		s.rejoin()
	}},
	{"4.5", "another incarnation of the dialing side", acceptingSide, func(s *script) {
		s.join()
		q := s.Request(KindResume)
		q.Dialer--
		s.Refused(s.dial, q, s.keyFor(KindResume), OtherIncarnation)
		s.echo("an earlier one changes nothing")
		q.Dialer += 2
		s.Refused(s.dial, q, s.keyFor(KindResume), OtherIncarnation)
		s.Want(Superseded(q.Dialer, q.Attempt)) // S3: a later one ends it
		s.WantLinkEnd()
	}},
	{"S6", "what comes late on a former link has no effect", acceptingSide, func(s *script) {
		s.join()
		first := s.linked()
		s.Resume(s.dial)
		s.write(first, append(Seq(0).Encode(), Message(0, "late").Encode()...))
		s.WantIdle(time.Second)
		s.echo("and the numbers are as they were")
	}},
}
