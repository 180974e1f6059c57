package sessiontest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/standardbeagle/brum/session"
)

// attempts are those that a dialing tested side has made.
type attempts struct {
	queue     chan *Attempt
	over      chan struct{} // closed at the end of the test
	accepting atomic.Bool   // the peer is the accepting side
}

// dialing reports whether the peer is the dialing side.
func (a *attempts) dialing() bool { return !a.accepting.Load() }

// Attempt is one of a dialing tested side. Exactly one of its methods has to be called,
// unless it is to hang.
type Attempt struct {
	*Request
	// At is when it was made.
	At time.Time

	p      *Peer
	raw    []byte
	answer chan answer
	gone   <-chan struct{}
}

type answer struct {
	conn  session.Conn
	reply []byte
	err   error
}

// Listen makes the peer the accepting side and returns the function by which the tested side
// reaches it. Each attempt comes out of WantAttempt.
func (p *Peer) Listen() session.DialFunc {
	p.attempts.accepting.Store(true)
	return func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
		a := &Attempt{At: time.Now(), p: p, raw: request, answer: make(chan answer, 1), gone: ctx.Done()}
		select {
		case p.attempts.queue <- a:
		case <-p.attempts.over:
			return nil, nil, errors.New("sessiontest: the test is over")
		}
		select {
		case r := <-a.answer:
			return r.conn, r.reply, r.err
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-p.attempts.over:
			return nil, nil, errors.New("sessiontest: the test is over")
		}
	}
}

// WantAttempt waits for an attempt of the tested side and checks its request.
func (p *Peer) WantAttempt() *Attempt {
	p.t.Helper()
	select {
	case a := <-p.attempts.queue:
		p.check(a)
		return a
	case <-time.After(p.Patience):
		p.t.Fatalf("§8: want an attempt, nothing for %v", p.Patience)
		return nil
	}
}

// WantNoAttempt waits for d, in which the tested side may not make an attempt.
func (p *Peer) WantNoAttempt(d time.Duration) {
	p.t.Helper()
	select {
	case a := <-p.attempts.queue:
		p.check(a)
		p.t.Fatalf("want no attempt for %v, got number %d", d, a.Attempt)
	case <-time.After(d):
	}
}

// check takes in a request of the tested side.
func (p *Peer) check(a *Attempt) {
	p.t.Helper()
	q, err := ParseRequest(a.raw)
	if err != nil {
		p.t.Fatal(err)
	}
	a.Request = q
	kind := uint8(KindCreate)
	if p.Other != 0 {
		kind = KindResume
	}
	p.mu.Lock()
	err = p.accounts.join(q.Position)
	p.mu.Unlock()
	switch {
	case q.Kind != kind:
		p.t.Fatalf("§4.1: a request of kind %d, want %d", q.Kind, kind)
	case kind == KindResume && (q.Session != p.Session || q.Dialer != p.Other || q.Acceptor != p.Incarnation):
		p.t.Fatalf("§4.1: %+v\nis not of session %v between %d and %d", q, p.Session, p.Other, p.Incarnation)
	case q.Attempt <= p.Attempt:
		p.t.Fatalf("§1: attempt %d after %d", q.Attempt, p.Attempt)
	case q.MinVersion > 1 || q.MaxVersion < 1 || q.Features != 0:
		p.t.Fatalf("§4.1: versions %d to %d, features %#x", q.MinVersion, q.MaxVersion, q.Features)
	case q.MaxMessage < maxFragment || q.Credit < minCredit:
		p.t.Fatalf("§4.1: a message limit of %d, a credit of %d", q.MaxMessage, q.Credit)
	case err != nil:
		p.t.Fatal(err)
	}
	p.Session, p.Attempt = q.Session, q.Attempt
	if !provenRequest(a.raw, a.key()) {
		p.t.Fatalf("§4.3: the proof of attempt %d does not verify", q.Attempt)
	}
}

// key is what the request was proven with, and its reply is to be.
func (a *Attempt) key() []byte {
	if a.Kind == KindCreate {
		return a.p.Key
	}
	return Secret(a.p.Key, a.Session, a.p.Incarnation)
}

// Reply returns the reply to the attempt, right in every field.
func (a *Attempt) Reply(status Status) *Reply {
	p := a.p
	return &Reply{
		Format: 1, Status: status, Version: 1, Session: a.Session, Acceptor: p.Incarnation,
		Attempt: a.Attempt, Position: p.Position(), MaxMessage: p.MaxMessage, Credit: p.Credit,
		Nonce: [16]byte(session.NewID()),
	}
}

// Accept accepts the attempt: its connection is the peer's link, on which it sends what the
// tested side does not have.
func (a *Attempt) Accept() {
	a.p.t.Helper()
	mine := a.Answer(a.Reply(Accepted), a.key())
	a.p.Other = a.Dialer
	a.p.up(mine, a.Position)
}

// Refuse refuses the attempt, proven.
func (a *Attempt) Refuse(status Status) { a.Answer(a.Reply(status), a.key()) }

// Answer replies to the attempt with r, proven with key. If r accepts, it returns the
// connection, which the tested side may or may not like; no link begins.
func (a *Attempt) Answer(r *Reply, key []byte) session.Conn {
	reply := r.Encode(key, a.raw)
	if r.Status != Accepted {
		a.answer <- answer{reply: reply}
		return nil
	}
	theirs, mine, _ := Pipe()
	a.answer <- answer{conn: theirs, reply: reply}
	a.p.t.Cleanup(func() { mine.Close() })
	return mine
}

// Fail lets the attempt fail: what the tested side said is lost, or the answer to it.
func (a *Attempt) Fail(err error) { a.answer <- answer{err: err} }

// Gone is closed when the tested side has given the attempt up.
func (a *Attempt) Gone() <-chan struct{} { return a.gone }
