package sessiontest

import (
	"context"
	"time"

	"github.com/standardbeagle/brum/session"
)

// Request returns a request for the next attempt, of kind KindCreate or KindResume, that is
// true in every field.
func (p *Peer) Request(kind uint8) *Request {
	p.Attempt++
	return &Request{
		Format: 1, Kind: kind, MinVersion: 1, MaxVersion: 1,
		Session: p.Session, Owner: p.Owner,
		Dialer: p.Incarnation, Acceptor: p.Other, Attempt: p.Attempt,
		Position: p.Position(), MaxMessage: p.MaxMessage, Credit: p.Credit,
		Nonce: [16]byte(session.NewID()),
	}
}

// keyFor returns what proves a request of that kind.
func (p *Peer) keyFor(kind uint8) []byte {
	if kind == KindResume {
		return Secret(p.Key, p.Session, p.Other)
	}
	return p.Key
}

// Create attaches as a new session, which must be accepted.
func (p *Peer) Create(dial session.DialFunc) {
	p.t.Helper()
	p.Attach(dial, p.Request(KindCreate))
}

// Resume attaches again, which must be accepted, and sends what the tested side does not
// have. The former link, if it still exists, is closed then.
func (p *Peer) Resume(dial session.DialFunc) {
	p.t.Helper()
	p.Attach(dial, p.Request(KindResume))
}

// Attach makes the request, proven as it has to be. It must be accepted, with a reply that
// is right in every field.
func (p *Peer) Attach(dial session.DialFunc, q *Request) *Reply {
	p.t.Helper()
	raw := q.Encode(p.keyFor(q.Kind))
	conn, r := p.exchange(dial, raw)
	if conn == nil {
		p.t.Fatalf("§4: attempt %d was refused with status %v", q.Attempt, r.Status)
	}
	p.mu.Lock()
	err := p.accounts.join(r.Position)
	p.mu.Unlock()
	switch {
	case r.Status != Accepted:
		p.t.Fatalf("§4.5: a connection with status %v", r.Status)
	case r.Version != 1 || r.Features&^q.Features != 0 || r.Session != q.Session || r.Attempt != q.Attempt:
		p.t.Fatalf("§4.2: %+v\nanswers %+v", r, q)
	case r.Acceptor == 0 || (p.Other != 0 && r.Acceptor != p.Other):
		p.t.Fatalf("§4.2: the accepting side is incarnation %d, was %d", r.Acceptor, p.Other)
	case r.MaxMessage < maxFragment || r.Credit < minCredit:
		p.t.Fatalf("§4.2: a message limit of %d, a credit of %d", r.MaxMessage, r.Credit)
	case err != nil:
		p.t.Fatal(err)
	}
	p.Other = r.Acceptor
	p.up(conn, r.Position)
	return r
}

// Refused makes the request, proven with key, which must be refused with that status.
func (p *Peer) Refused(dial session.DialFunc, q *Request, key []byte, want Status) *Reply {
	p.t.Helper()
	conn, r := p.exchange(dial, q.Encode(key))
	if conn != nil {
		conn.Close()
		p.t.Fatalf("§4.4: attempt %d was accepted, want status %v", q.Attempt, want)
	}
	if r.Status != want {
		p.t.Fatalf("§4.5: attempt %d was refused with status %v, want %v", q.Attempt, r.Status, want)
	}
	return r
}

// exchange makes an attempt and checks what can be checked of any reply.
func (p *Peer) exchange(dial session.DialFunc, request []byte) (session.Conn, *Reply) {
	p.t.Helper()
	conn, raw := p.Try(dial, request)
	if raw == nil {
		p.t.Fatal("§4: no reply")
	}
	r, err := ParseReply(raw)
	if err != nil {
		p.t.Fatal(err)
	}
	proven := provenReply(raw, request, p.Key) || provenReply(raw, request, Secret(p.Key, p.Session, r.Acceptor)) ||
		provenReply(raw, request, Secret(p.Key, p.Session, p.Other))
	if !proven {
		p.t.Fatalf("§4.3: the proof of a reply with status %v does not verify", r.Status)
	}
	return conn, r
}

// Try makes an attempt with any bytes. The connection is the caller's; both results are nil
// when it failed.
func (p *Peer) Try(dial session.DialFunc, request []byte) (session.Conn, []byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), p.Patience)
	defer cancel()
	started := time.Now()
	conn, reply, err := dial(ctx, request)
	if err != nil {
		p.t.Logf("sessiontest: a dial failed after %v: %v", time.Since(started), err)
		return nil, nil
	}
	return conn, reply
}
