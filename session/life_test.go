package session

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

func lostReason(t *testing.T, err error) Reason {
	t.Helper()
	lost, ok := errors.AsType[*LostError](err)
	if !ok || !errors.Is(err, ErrLost) {
		t.Fatalf("%v is not a LostError", err)
	}
	return lost.Reason
}

// H4: an outage beyond retention ends the session on both sides, with verdicts.
func TestH4_OutageBeyondRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{DetachedFor: time.Hour})
		defer p.end()
		send(t, p.a, "arrived")
		want(t, p.b, "arrived")
		time.Sleep(time.Second)
		p.net.set(func(n *network) { n.down = syscall.ECONNREFUSED })
		p.net.last().cut()
		send(t, p.a, "to b")
		send(t, p.b, "to a")
		time.Sleep(time.Hour + time.Second)
		for _, s := range []*Session{p.a, p.b} {
			_, err := s.Receive(t.Context())
			if r := lostReason(t, err); r != ReasonExpired {
				t.Errorf("lost by %v", r)
			}
			lost, _ := errors.AsType[*LostError](err)
			if len(lost.Unsettled) != 1 || lost.Unsettled[0].Verdict != Unknown {
				t.Errorf("unsettled: %+v", lost.Unsettled)
			}
			if err := s.Send(t.Context(), nil); !errors.Is(err, ErrLost) {
				t.Errorf("Send afterwards: %v", err)
			}
		}
	})
}

// S4: what was received before a loss can still be had.
func TestReceiveDrainsBeforeLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		send(t, p.a, "1")
		send(t, p.a, "2")
		synctest.Wait()
		p.a.CloseNow()
		synctest.Wait()
		want(t, p.b, "1")
		want(t, p.b, "2")
		_, err := p.b.Receive(t.Context())
		if r := lostReason(t, err); r != ReasonPeerAborted {
			t.Errorf("lost by %v", r)
		}
	})
}

// A peer whose process restarted knows nothing: the dialing side learns it at once.
func TestPeerRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		time.Sleep(time.Second)
		fresh, err := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}})
		if err != nil {
			t.Fatal(err)
		}
		p.net.set(func(n *network) { n.acc, n.lag = fresh, time.Millisecond })
		p.net.last().cut()
		send(t, p.a, "too late")
		<-p.a.Done()
		lost, _ := errors.AsType[*LostError](p.a.Err())
		if lost.Reason != ReasonStateLost || len(lost.Unsettled) != 1 || lost.Unsettled[0].Verdict != Unknown {
			t.Errorf("%v: %+v", lost, lost.Unsettled)
		}
		if got := fresh.Sessions(); len(got) != 0 {
			t.Errorf("a resume created %d sessions", len(got))
		}
	})
}

// The wrong key gets nothing and is told so, without harm to others.
func TestWrongKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		s, err := Dial(p.net.dial, &Config{Key: []byte("another key, just as long")})
		if err != nil {
			t.Fatal(err)
		}
		<-s.Done()
		if r := lostReason(t, s.Err()); r != ReasonUnauthorized || errors.Of(s.Err()) != errors.Unauthorized {
			t.Errorf("ended with %v", s.Err())
		}
		if n := len(p.acceptor.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// A permanent failure ends a session that was never attached, and only slows down one that was.
func TestPermanentDialErrors(t *testing.T) {
	permanent := errors.Wrap(io.EOF, errors.Error{Kind: errors.TLS, Persistence: errors.Permanent})
	synctest.Test(t, func(t *testing.T) {
		s, _ := Dial(func(context.Context, []byte) (Conn, []byte, error) { return nil, nil, permanent }, &Config{Key: testKey})
		<-s.Done()
		if r := lostReason(t, s.Err()); r != ReasonRefused || !errors.Is(s.Err(), io.EOF) || errors.Of(s.Err()) != errors.TLS {
			t.Errorf("ended with %v", s.Err())
		}

		p := newPair(t, Config{})
		defer p.end()
		p.net.set(func(n *network) { n.down, n.dials = permanent, 0 })
		p.net.last().cut()
		time.Sleep(10 * time.Minute)
		p.net.set(func(n *network) {
			if p.a.State() != Retrying || n.dials > 60 || n.dials < 15 {
				t.Errorf("%v after %d dials", p.a.State(), n.dials)
			}
			n.down = nil
		})
		send(t, p.a, "survived")
		want(t, p.b, "survived")
	})
}

// §7.2: the answer to END is lost; the tombstone settles everything all the same.
func TestLostEndAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		pipe := p.net.last()
		send(t, p.a, "all of it")
		synctest.Wait()
		pipe.a.mu.Lock()
		pipe.a.deaf = true // nothing reaches a any more
		pipe.a.mu.Unlock()
		start := time.Now()
		if err := p.a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("Close took %v", d)
		}
		want(t, p.b, "all of it")
		if _, err := p.b.Receive(t.Context()); err != io.EOF {
			t.Errorf("b ended with %v", err)
		}
	})
}

// §7.2, the other way round: the accepting side closes and can't come back to ask.
func TestLostEndAckOfAcceptor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		pipe := p.net.last()
		pipe.b.mu.Lock()
		pipe.b.deaf = true
		pipe.b.mu.Unlock()
		closed := make(chan error)
		go func() { closed <- p.b.Close(t.Context()) }()
		if _, err := p.a.Receive(t.Context()); err != io.EOF {
			t.Errorf("a ended with %v", err)
		}
		start := time.Now()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d > time.Minute+DefaultWindow {
			t.Errorf("Close took %v", d)
		}
	})
}

// A session of an owner's new life ends those of its former one.
func TestOwnerReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{Owner: ID{7}})
		defer p.end()
		time.Sleep(time.Second)
		again, err := Dial(p.net.dial, &Config{Key: testKey, Owner: ID{7}})
		if err != nil {
			t.Fatal(err)
		}
		defer again.CloseNow()
		<-p.a.Done()
		if r := lostReason(t, p.a.Err()); r != ReasonSuperseded {
			t.Errorf("the older life ended with %v", r)
		}
		<-p.b.Done()
		synctest.Wait()
		if n := len(p.acceptor.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// §10: an acceptor that is full says when to come back, and then there is room.
func TestSessionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acc, _ := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}, MaxSessions: 2})
		n := &network{acc: acc}
		var all []*Session
		for range 3 {
			s, _ := Dial(n.dial, &Config{Key: testKey})
			all = append(all, s)
			synctest.Wait()
		}
		time.Sleep(30 * time.Second)
		if s := all[2].State(); s != Connecting || !errors.Is(all[2].Stats().LastError, ErrLimit) {
			t.Fatalf("the third session: %v, %v", s, all[2].Stats().LastError)
		}
		n.set(func(n *network) {
			if n.dials > 12 {
				t.Errorf("%d dials in 30 s against a stated wait of 5 s", n.dials)
			}
		})
		all[0].CloseNow()
		if err := all[2].WaitActive(t.Context()); err != nil {
			t.Error(err)
		}
		for _, s := range append(all, acc.Sessions()...) {
			s.CloseNow()
		}
	})
}

// §10: too many detached sessions: the one that was left longest ends, with verdicts.
func TestDetachedSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acc, _ := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}, MaxDetached: 3})
		n := &network{acc: acc}
		var dialers, accepted []*Session
		for range 5 {
			s, _ := Dial(n.dial, &Config{Key: testKey})
			b, err := acc.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			send(t, b, "pending")
			synctest.Wait()
			dialers, accepted = append(dialers, s), append(accepted, b)
		}
		n.set(func(n *network) { n.down = syscall.EHOSTUNREACH })
		for _, p := range n.pipes {
			p.cut()
			time.Sleep(time.Second)
		}
		for i, b := range accepted {
			want := Detached
			if i < 2 {
				want = Closed
			}
			if b.State() != want {
				t.Errorf("session %d: %v, want %v", i, b.State(), want)
			}
		}
		if r := lostReason(t, accepted[0].Err()); r != ReasonEvicted {
			t.Errorf("ended by %v", r)
		}
		n.set(func(n *network) { n.down = nil })
		want(t, dialers[0], "pending")
		_, err := dialers[0].Receive(t.Context())
		if r := lostReason(t, err); r != ReasonPeerAborted {
			t.Errorf("the evicted session's peer: %v", err)
		}
		for _, s := range append(dialers, acc.Sessions()...) {
			s.CloseNow()
		}
	})
}

// E1: in the first two minutes attempts overlap, at most 1.5 s apart; then come back-off
// ceilings up to 30 s.
func TestE1_AttemptSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		p.net.set(func(n *network) { n.hang, n.dialled = true, nil })
		start := time.Now()
		p.net.last().cut()
		time.Sleep(20 * time.Minute)
		var at []time.Duration
		p.net.set(func(n *network) {
			for _, d := range n.dialled {
				at = append(at, d.Sub(start))
			}
		})
		late := 0
		for i, d := range at {
			switch {
			case i == 0:
				if d > time.Millisecond {
					t.Errorf("first attempt after %v", d)
				}
			case d < eagerPeriod && d-at[i-1] > eagerStep:
				t.Errorf("attempt %d came %v after the one before", i, d-at[i-1])
			case d-at[i-1] > calmMax:
				t.Errorf("attempt %d came %v after the one before", i, d-at[i-1])
			case d > eagerPeriod:
				late++
			}
		}
		if late < 18*2 || late > 18*8 {
			t.Errorf("%d attempts in 18 minutes of back-off", late)
		}
		p.net.set(func(n *network) { n.dials = 0 })
		p.a.Nudge(TriggerNetwork)
		synctest.Wait()
		p.net.set(func(n *network) {
			if n.dials != 1 {
				t.Errorf("a network event made %d attempts", n.dials)
			}
		})
	})
}

// Watch tells every change in order, with its trigger and times.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		changes := p.a.Watch(t.Context())
		p.net.set(func(n *network) { n.down = syscall.ENETUNREACH })
		p.net.last().cut()
		time.Sleep(5 * time.Second)
		p.net.set(func(n *network) { n.down = nil })
		p.a.Nudge(TriggerNetwork)
		synctest.Wait()
		p.a.CloseNow()
		var got []string
		for ch := range changes {
			got = append(got, fmt.Sprint(ch.From, ">", ch.To, " by ", ch.Trigger))
			if ch.To == Active && (ch.Outage < 5*time.Second || ch.Attempt < 2) {
				t.Errorf("resume told as %+v", ch)
			}
		}
		want := []string{"active>retrying by error", "retrying>active by error", "active>closed by manual"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("changes %q, want %q", got, want)
		}
	})
}

// CloseNow and Close end in any state, mid-dial too, and leave nothing running.
func TestCloseInAnyState(t *testing.T) {
	for _, how := range []string{"hanging dial", "no dial yet answered", "linked", "outage"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				switch how {
				case "hanging dial":
					n := &network{hang: true}
					s, _ := Dial(n.dial, &Config{Key: testKey})
					synctest.Wait()
					s.CloseNow()
				case "no dial yet answered":
					n := &network{down: syscall.ECONNREFUSED}
					s, _ := Dial(n.dial, &Config{Key: testKey})
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					if err := s.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("Close: %v", err)
					}
					s.CloseNow()
				case "linked":
					newPair(t, Config{}).end()
				case "outage":
					p := newPair(t, Config{})
					p.net.set(func(n *network) { n.hang = true })
					p.net.last().cut()
					synctest.Wait()
					p.end()
				}
				if d := time.Since(start); d > time.Second {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// The first connection breaks while the reply is on its way. Whether the dialing side got it
// or not, the session goes on with the next one.
func TestFirstConnectionCantBeSetUp(t *testing.T) {
	for name, arrived := range map[string]bool{"reply lost": false, "reply arrived": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				acc, _ := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}})
				n := &network{acc: acc}
				broken := false
				s, err := Dial(func(ctx context.Context, request []byte) (Conn, []byte, error) {
					if broken {
						return n.dial(ctx, request)
					}
					broken = true
					at := acc.Attach(request)
					at.Abort(syscall.EPIPE)
					if !arrived {
						return nil, nil, syscall.ECONNRESET
					}
					p := newPipe()
					p.cut()
					return p.a, at.Reply(), nil
				}, &Config{Key: testKey})
				if err != nil {
					t.Fatal(err)
				}
				send(t, s, "all the same")
				b, err := acc.Accept(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want(t, b, "all the same")
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				b.CloseNow()
			})
		})
	}
}

// An acceptor that never gets to see a session again after such a beginning forgets it.
func TestAbortedSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acc, _ := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey, DetachedFor: time.Hour}})
		s, _ := Dial(func(ctx context.Context, request []byte) (Conn, []byte, error) {
			if at := acc.Attach(request); at.Accepted() {
				at.Abort(syscall.EPIPE)
			}
			return nil, nil, syscall.ECONNRESET
		}, &Config{Key: testKey})
		synctest.Wait()
		s.CloseNow()
		if n := len(acc.Sessions()); n != 1 {
			t.Fatalf("%d sessions", n)
		}
		time.Sleep(time.Hour + time.Second)
		if n := len(acc.Sessions()); n != 0 {
			t.Errorf("%d sessions are kept", n)
		}
	})
}

// A peer that restarted is that, also when a first request of this session comes to it late
// and makes a session there that nobody has.
func TestLateCreateAtARestartedPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		fresh, _ := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}})
		create := p.net.first
		p.net.set(func(n *network) { n.acc, n.lag = fresh, time.Millisecond })
		if at := fresh.Attach(create); !at.Accepted() {
			t.Fatal("the late request was refused")
		} else {
			at.Abort(io.EOF)
		}
		p.net.last().cut()
		<-p.a.Done()
		if r := lostReason(t, p.a.Err()); r != ReasonStateLost {
			t.Errorf("lost by %v", r)
		}
		for _, s := range fresh.Sessions() {
			s.CloseNow()
		}
	})
}
