package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// pair is a session between a dialing and an accepting side over a breakable network.
type pair struct {
	t        *testing.T
	budget   *Budget
	net      *network
	acceptor *Acceptor
	a, b     *Session // dialing, accepting
}

func newPair(t *testing.T, cfg Config) *pair {
	t.Helper()
	cfg.Key = testKey
	if cfg.Budget == nil {
		cfg.Budget = NewBudget(DefaultBudgetBytes)
	}
	acc, err := NewAcceptor(&AcceptorConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	n := &network{acc: acc}
	a, err := Dial(n.dial, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	b, err := acc.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.WaitActive(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := &pair{t, cfg.Budget, n, acc, a, b}
	return p
}

// end ends both sides and waits for their goroutines.
func (p *pair) end() {
	p.a.CloseNow()
	p.b.CloseNow()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.acceptor.Close(ctx)
	if used := p.budget.Used(); used != 0 {
		p.t.Errorf("%d bytes of the budget were not given back", used)
	}
}

func send(t *testing.T, s *Session, msg string) {
	t.Helper()
	if err := s.Send(t.Context(), []byte(msg)); err != nil {
		t.Fatalf("Send(%.20q): %v", msg, err)
	}
}

func want(t *testing.T, s *Session, msg string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	got, err := s.Receive(ctx)
	if err != nil || string(got) != msg {
		t.Fatalf("Receive() = %.40q (%d bytes), %v; want %.40q", got, len(got), err, msg)
	}
}

func TestMessagesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		for i := range 100 {
			send(t, p.a, fmt.Sprint("to b ", i))
			send(t, p.b, fmt.Sprint("to a ", i))
		}
		send(t, p.a, "")
		for i := range 100 {
			want(t, p.b, fmt.Sprint("to b ", i))
			want(t, p.a, fmt.Sprint("to a ", i))
		}
		want(t, p.b, "")
		time.Sleep(time.Second)
		if st := p.a.Stats(); st.UnackedMessages != 0 || st.UnackedBytes != 0 || st.State != Active {
			t.Errorf("after a second of rest: %+v", st)
		}
	})
}

func TestLargeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		for _, size := range []int{maxFragment - 1, maxFragment, maxFragment + 1, 3*maxFragment + 17, 5 << 20} {
			msg := bytes.Repeat([]byte{byte(size)}, size)
			binary.BigEndian.PutUint64(msg, uint64(size))
			go p.a.Send(t.Context(), msg)
			got, err := p.b.Receive(t.Context())
			if err != nil || !bytes.Equal(got, msg) {
				t.Fatalf("%d bytes: got %d, %v", size, len(got), err)
			}
		}
		if err := p.a.Send(t.Context(), make([]byte, DefaultMaxMessage+1)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("above the limit: %v", err)
		}
	})
}

func TestResumeAfterCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		send(t, p.a, "one")
		want(t, p.b, "one")
		p.net.set(func(n *network) { n.down = errors.New("no route") })
		p.net.last().cut()
		for i := range 1000 {
			send(t, p.a, fmt.Sprint("a", i))
			send(t, p.b, fmt.Sprint("b", i))
		}
		time.Sleep(30 * time.Second)
		if p.a.State() != Retrying || p.b.State() != Detached {
			t.Fatalf("during the outage: %v, %v", p.a.State(), p.b.State())
		}
		p.net.set(func(n *network) { n.down = nil })
		healed := time.Now()
		for i := range 1000 {
			want(t, p.b, fmt.Sprint("a", i))
			want(t, p.a, fmt.Sprint("b", i))
		}
		if d := time.Since(healed); d > 1600*time.Millisecond {
			t.Errorf("resumed %v after the path was back", d)
		}
		st := p.a.Stats()
		if st.Resumes != 1 || st.LastResume == nil || st.LastResume.Outage < 30*time.Second {
			t.Errorf("stats after resume: %+v", st)
		}
	})
}

// Numbered messages go both ways while the link is cut again and again, at any moment.
func TestManyCuts(t *testing.T) {
	const messages, cuts = 20000, 300
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		rng := rand.New(rand.NewPCG(1, 2))
		var wg sync.WaitGroup
		for _, dir := range [][2]*Session{{p.a, p.b}, {p.b, p.a}} {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(3, 4))
				for i := range messages {
					size := 8 + rng.IntN(200)
					if rng.IntN(500) == 0 {
						size = rng.IntN(3*maxFragment) + 8
					}
					msg := make([]byte, size)
					binary.BigEndian.PutUint64(msg, uint64(i))
					if err := dir[0].Send(t.Context(), msg); err != nil {
						t.Errorf("send %d: %v", i, err)
						return
					}
					if i%50 == 0 {
						time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
					}
				}
			})
			wg.Go(func() {
				for i := range messages {
					msg, err := dir[1].Receive(t.Context())
					if err != nil || binary.BigEndian.Uint64(msg) != uint64(i) {
						t.Errorf("message %d: %x, %v", i, msg[:min(8, len(msg))], err)
						return
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		n := 0
	cutting:
		for n < cuts {
			select {
			case <-done:
				break cutting
			case <-time.After(time.Duration(rng.IntN(400)) * time.Millisecond):
				p.net.last().cut()
				n++
			}
		}
		<-done
		if st := p.a.Stats(); n < 100 || st.Resumes < 50 {
			t.Errorf("%d cuts, %d resumes: too few to mean anything", n, st.Resumes)
		}
	})
}

func TestSilentPeerUnderTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		time.Sleep(5 * time.Second)
		p.net.last().blackhole()
		start := time.Now()
		send(t, p.a, "into the hole")
		want(t, p.b, "into the hole")
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("a message took %v past a black hole", d)
		}
		if lr := p.a.Stats().LastResume; lr == nil || lr.Trigger != TriggerTimeout {
			t.Errorf("last resume %+v, want one by timeout", lr)
		}
	})
}

func TestSilentPeerIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		time.Sleep(100 * time.Second) // heartbeats keep it
		if n := p.a.Stats().Resumes; n != 0 {
			t.Fatalf("%d resumes of a quiet link", n)
		}
		p.net.last().blackhole()
		p.net.set(func(n *network) { n.hang = true })
		time.Sleep(DefaultWindow + 100*time.Millisecond)
		if a, b := p.a.State(), p.b.State(); a != Retrying || b != Detached {
			t.Errorf("after the window: %v and %v", a, b)
		}
	})
}

func TestCloseDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		for i := range 10 {
			send(t, p.a, fmt.Sprint(i))
		}
		p.net.last().cut()
		if err := p.a.Close(t.Context()); err != nil {
			t.Fatalf("Close: %v", err)
		}
		for i := range 10 {
			want(t, p.b, fmt.Sprint(i))
		}
		if _, err := p.b.Receive(t.Context()); err != io.EOF {
			t.Errorf("after the last message: %v, want EOF", err)
		}
		if err := p.a.Send(t.Context(), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Send after Close: %v", err)
		}
		var lost *LostError
		if err := p.b.Send(t.Context(), nil); !errors.As(err, &lost) || lost.Reason != ReasonPeerClosed {
			t.Errorf("Send to a closed peer: %v", err)
		}
	})
}
