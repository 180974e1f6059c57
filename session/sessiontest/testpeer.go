package sessiontest

import (
	"testing"
	"testing/synctest"

	"github.com/standardbeagle/brum/session"
)

// tested says which side a case tests.
type tested uint8

const (
	eitherSide tested = iota // what is symmetric: the case runs once for each side
	acceptingSide
	dialingSide
)

// conformance is one case of TestPeer.
type conformance struct {
	section string // of protocol.md
	name    string
	side    tested
	run     func(*script)
}

// script is a running case: a peer, and the way to and from the tested side.
type script struct {
	*Peer
	t    *testing.T
	side tested
	dial session.DialFunc // to an accepting tested side
}

var testKey = []byte("conformance, 32 bytes of a key..")

// TestPeer tests an implementation of the session protocol against docs/protocol.md: for all
// that sections 3 to 10 ask of a peer there is a case, which names the section.
//
// Two things are left to tests of the implementation itself: what it tells its application
// (§7.4), and limits that depend on its configuration (status 9 and 11 of §4.5, the replay
// buffer).
func TestPeer(t *testing.T, impl Implementation) {
	for _, list := range [][]conformance{
		frameCases, violationCases, attachCases, fenceCases, joinCases, dialingCases, orderCases,
		streamCases, creditCases, endCases, livenessCases,
	} {
		for _, c := range list {
			t.Run("§"+c.section+" "+c.name, func(t *testing.T) {
				if c.side != dialingSide {
					t.Run("accepting", func(t *testing.T) { c.play(t, impl, acceptingSide) })
				}
				if c.side != acceptingSide {
					t.Run("dialing", func(t *testing.T) { c.play(t, impl, dialingSide) })
				}
			})
		}
	}
}

func (c *conformance) play(t *testing.T, impl Implementation, side tested) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, side: side}
		if side == acceptingSide {
			s.dial = impl.Accept(t, testKey)
			s.Peer = NewPeer(t, testKey)
		} else {
			s.Peer = NewPeer(t, testKey)
			impl.Dial(t, testKey, s.Listen())
		}
		c.run(s)
	})
}

// join makes the first link.
func (s *script) join() {
	s.t.Helper()
	if s.side == acceptingSide {
		s.Create(s.dial)
	} else {
		s.WantAttempt().Accept()
	}
}

// rejoin makes another link, after the former one has ended.
func (s *script) rejoin() {
	s.t.Helper()
	s.Cut()
	if s.side == acceptingSide {
		s.Resume(s.dial)
	} else {
		s.WantAttempt().Accept()
	}
}

// stream is the id of the i-th stream that the peer opens.
func (s *script) stream(i uint64) uint64 {
	if s.side == acceptingSide {
		return 2*i + 1 // the peer dials
	}
	return 2*i + 2
}

// theirs is the id of the i-th stream that the tested side opens.
func (s *script) theirs(i uint64) uint64 {
	if s.side == acceptingSide {
		return 2*i + 2
	}
	return 2*i + 1
}

// echo makes sure that the session is alive: a message goes there and comes back.
func (s *script) echo(msg string) {
	s.t.Helper()
	s.Send(Message(0, msg))
	s.Want(Message(0, msg))
}

// over makes sure that the tested side knows of the end of the session: it refuses to be
// attached to, or makes no attempt any more.
func (s *script) over(status Status) *Reply {
	s.t.Helper()
	if s.side == dialingSide {
		s.WantNoAttempt(s.Patience)
		return nil
	}
	q := s.Request(KindResume)
	return s.Refused(s.dial, q, s.keyFor(KindResume), status)
}
