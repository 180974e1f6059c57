package sessiontest

import (
	"bytes"
	"fmt"
	"time"
)

// await waits until found does, on link l or behind it, and fails the test if the tested
// side does something wrong first, or nothing. found is called with mu held.
func (p *Peer) await(what string, l *peerLink, found func() bool) {
	p.t.Helper()
	deadline := time.NewTimer(p.Patience)
	defer deadline.Stop()
	for {
		p.mu.Lock()
		wrong, yes := l.wrong, found()
		state := fmt.Sprintf("what came instead: %v", l.flow)
		ended, news := l.ended, p.news
		p.mu.Unlock()
		switch {
		case wrong != nil:
			p.t.Fatalf("waiting for %s: %v", what, wrong)
		case yes:
			return
		case ended != nil:
			p.t.Fatalf("want %s, the link has ended (%v); %s", what, ended, state)
		}
		select {
		case <-news:
		case <-deadline.C:
			p.t.Fatalf("want %s, nothing for %v; %s", what, p.Patience, state)
		}
	}
}

// Want takes the next frames, which must be these. ACK, CREDIT, PING and PONG come when they
// come: of those it takes the next of the same type, and skips them otherwise.
func (p *Peer) Want(frames ...Frame) {
	p.t.Helper()
	for _, want := range frames {
		got := p.next(want.String(), want.Type)
		if got.Type != want.Type || got.Stream != want.Stream || !bytes.Equal(got.Body, want.Body) {
			p.t.Fatalf("want %v, got %v", want, got)
		}
	}
}

// WantType takes the next frame, which must be of that type, and returns it.
func (p *Peer) WantType(t FrameType) Frame {
	p.t.Helper()
	got := p.next(t.String(), t)
	if got.Type != t {
		p.t.Fatalf("want %v, got %v", t, got)
	}
	return got
}

func (p *Peer) next(what string, t FrameType) (got Frame) {
	p.t.Helper()
	l := p.linked()
	p.await(what, l, func() bool {
		switch t {
		case TypeAck, TypeCredit, TypePing, TypePong:
			q := l.chat[t]
			if len(q) == 0 {
				return false
			}
			got, l.chat[t] = q[0], q[1:]
		default:
			if len(l.flow) == 0 {
				return false
			}
			got, l.flow = l.flow[0], l.flow[1:]
		}
		return true
	})
	return got
}

// WantMessage takes the next message on stream, whole or in fragments, and returns it.
func (p *Peer) WantMessage(stream uint64) []byte {
	p.t.Helper()
	got := p.next(fmt.Sprintf("a message on stream %d", stream), TypeMessage)
	switch {
	case got.Stream != stream:
	case got.Type == TypeMessage:
		return got.Body
	case got.Type == TypeFirst:
		total := got.Number(0)
		msg := bytes.Clone(got.Body[len(varints(total)):])
		for uint64(len(msg)) < total {
			f := p.WantType(TypeFragment)
			if f.Stream != stream || uint64(len(msg)+len(f.Body)) > total {
				p.t.Fatalf("§3.2: %v in a message of %d bytes on stream %d, of which %d have come", f, total, stream, len(msg))
			}
			msg = append(msg, f.Body...)
		}
		return msg
	}
	p.t.Fatalf("want a message on stream %d, got %v", stream, got)
	return nil
}

// WantAck waits until the tested side has acknowledged everything below n.
func (p *Peer) WantAck(n uint64) {
	p.t.Helper()
	p.await(Ack(n).String(), p.linked(), func() bool { return p.accounts.acked >= n })
}

// WantCredit waits until the tested side lets the peer send up to limit on a stream.
func (p *Peer) WantCredit(stream, limit uint64) {
	p.t.Helper()
	p.await(fmt.Sprintf("credit for stream %d up to %d", stream, limit), p.linked(), func() bool {
		return p.accounts.granted[stream] >= limit
	})
}

// Limit is how far the tested side lets the peer send on a stream; 0 if it has not said.
func (p *Peer) Limit(stream uint64) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accounts.granted[stream]
}

// WantIdle waits for d, in which nothing may come but ACK, CREDIT, PING and PONG.
func (p *Peer) WantIdle(d time.Duration) {
	p.t.Helper()
	l := p.linked()
	time.Sleep(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case l.wrong != nil:
		p.t.Fatalf("want nothing for %v: %v", d, l.wrong)
	case len(l.flow) > 0:
		p.t.Fatalf("want nothing for %v, got %v", d, l.flow)
	case l.ended != nil:
		p.t.Fatalf("want nothing for %v, the link has ended: %v", d, l.ended)
	}
}

// WantLinkEnd waits for the end of the link. Frames that the test has not asked for may not
// come before it.
func (p *Peer) WantLinkEnd() {
	p.t.Helper()
	l := p.linked()
	p.await("the end of the link", l, func() bool { return l.ended != nil && len(l.flow) == 0 })
	p.Cut()
}

// WantAbort waits for an ABORT with that code and for the end of the link behind it.
func (p *Peer) WantAbort(code uint64) {
	p.t.Helper()
	l := p.linked()
	var got Frame
	p.await(fmt.Sprintf("ABORT with code %d", code), l, func() bool {
		for len(l.flow) > 0 && got.Type != TypeAbort { // what was under way
			got, l.flow = l.flow[0], l.flow[1:]
		}
		return got.Type == TypeAbort
	})
	if got.Number(0) != code {
		p.t.Fatalf("§7.3: want ABORT with code %d, got %v", code, got)
	}
	p.WantLinkEnd()
}

// WantFormer waits on the link before the current one for a frame, and then for its end.
func (p *Peer) WantFormer(want Frame) {
	p.t.Helper()
	p.mu.Lock()
	l := p.former
	p.mu.Unlock()
	if l == nil {
		p.t.Fatal("sessiontest: there was no other link")
	}
	var got Frame
	p.await(want.String()+" on the former link", l, func() bool {
		if len(l.flow) == 0 {
			return false
		}
		got = l.flow[0]
		l.flow = l.flow[1:]
		return true
	})
	if got.Type != want.Type || !bytes.Equal(got.Body, want.Body) {
		p.t.Fatalf("want %v on the former link, got %v", want, got)
	}
	p.await("the end of the former link", l, func() bool { return l.ended != nil })
}

// Opening waits for the first packet of the link and returns its frames.
func (p *Peer) Opening() []Frame {
	p.t.Helper()
	l := p.linked()
	p.await("the first packet", l, func() bool { return l.opening != nil })
	p.mu.Lock()
	defer p.mu.Unlock()
	return l.opening
}
