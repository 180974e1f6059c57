package session

import (
	"context"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// house is an acceptor with room for a few sessions, and the networks to it.
type house struct {
	t        *testing.T
	acceptor *Acceptor
	budget   *Budget
}

func newHouse(t *testing.T, cfg AcceptorConfig) *house {
	t.Helper()
	cfg.Key, cfg.Budget = testKey, NewBudget(DefaultBudgetBytes)
	a, err := NewAcceptor(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &house{t, a, cfg.Budget}
}

// knock begins a session of owner over a network of its own.
func (h *house) knock(owner ID) (*Session, *network) {
	h.t.Helper()
	n := &network{acc: h.acceptor}
	s, err := Dial(n.dial, &Config{Key: testKey, Budget: h.budget, Owner: owner})
	if err != nil {
		h.t.Fatal(err)
	}
	return s, n
}

// enter is knock for one who gets in; it returns both ends.
func (h *house) enter(owner ID) (dialing, accepted *Session, n *network) {
	h.t.Helper()
	dialing, n = h.knock(owner)
	if err := dialing.WaitActive(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	accepted, err := h.acceptor.Accept(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return dialing, accepted, n
}

func (h *house) end(sessions ...*Session) {
	for _, s := range sessions {
		s.CloseNow()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h.acceptor.Close(ctx)
	if used := h.budget.Used(); used != 0 {
		h.t.Errorf("%d bytes of the budget were not given back", used)
	}
}

// cut ends the network's link for good.
func cut(n *network) {
	n.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
	n.last().cut()
}

// The sixth of five learns that there is no room and when to come back, keeps to that, and gets
// in when somebody has left.
func TestK1_TheSixthWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, AcceptorConfig{MaxSessions: 5})
		var guests []*Session
		for range 5 {
			s, _, _ := h.enter(ID{})
			guests = append(guests, s)
		}
		sixth, n := h.knock(ID{})
		guests = append(guests, sixth)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := sixth.WaitActive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the sixth: %v", err)
		}
		err := sixth.Stats().LastError
		if !errors.Is(err, ErrLimit) || errors.Of(err) != errors.Limit || !errors.IsTemporary(err) {
			t.Errorf("the sixth was told: %v", err)
		}
		after := errors.RetryAfter(err)
		if after != retryLater {
			t.Errorf("to come back after %v", after)
		}
		for i := 1; i < len(n.dialled); i++ {
			if pause := n.dialled[i].Sub(n.dialled[i-1]); pause < after || pause > after*5/4 {
				t.Errorf("attempt %d came %v after the one before", i+1, pause)
			}
		}
		if len(n.dialled) < 5 {
			t.Errorf("%d attempts in a minute", len(n.dialled))
		}
		for _, s := range guests[:5] {
			if s.State() != Active {
				t.Errorf("one of the five is %v", s.State())
			}
		}
		if err := guests[2].Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		left := time.Now()
		if err := sixth.WaitActive(t.Context()); err != nil || time.Since(left) > after*5/4 {
			t.Errorf("in after %v, %v", time.Since(left), err)
		}
		h.end(guests...)
	})
}

// Whatever way a session ends, its place is free then, and nothing is left of it.
func TestK1_PlacesAreFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, AcceptorConfig{MaxSessions: 5})
		before := runtime.NumGoroutine()
		for i := range 1000 {
			dialing, accepted, n := h.enter(NewID())
			var err error
			switch i % 4 {
			case 0:
				err = dialing.Close(t.Context())
			case 1:
				err = accepted.Close(t.Context())
			case 2:
				dialing.CloseNow() // of which the other side may hear, or find the link gone
			case 3:
				cut(n)
				accepted.CloseNow()
			}
			if err != nil {
				t.Fatal(i, err)
			}
			dialing.CloseNow()
			accepted.CloseNow()
		}
		synctest.Wait()
		if n := len(h.acceptor.Sessions()); n != 0 {
			t.Errorf("%d sessions are kept", n)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d goroutines, %d before", n, before)
		}
		h.end()
	})
}

// A hub that was killed does not lock out the one that follows it.
func TestK1_AnEarlierLifeGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, AcceptorConfig{MaxSessions: 1})
		owner := NewID()
		first, end, n := h.enter(owner)
		cut(n)
		time.Sleep(time.Second)
		second, _, _ := h.enter(owner)
		if lost, ok := errors.AsType[*LostError](end.Err()); !ok || lost.Reason != ReasonSuperseded {
			t.Errorf("the session of the earlier life: %v", end.Err())
		}
		h.end(first, second)
	})
}

// Who has been away for long gives way; who is away for a moment, or attached, does not.
func TestK1_WhoIsAwayForLongGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, AcceptorConfig{MaxSessions: 2})
		stays, _, _ := h.enter(ID{})
		away, end, n := h.enter(ID{})
		cut(n)
		synctest.Wait()
		since := time.Now()
		late, _ := h.knock(ID{})
		if err := late.WaitActive(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(since); took < patience || took > patience+2*retryLater {
			t.Errorf("gave way after %v", took)
		}
		if lost, ok := errors.AsType[*LostError](end.Err()); !ok || lost.Reason != ReasonEvicted {
			t.Errorf("who was away: %v", end.Err())
		}
		if stays.State() != Active {
			t.Errorf("who was there is %v", stays.State())
		}
		n.set(func(n *network) { n.down = nil }) // and is told when it comes back
		<-away.Done()
		if lost, ok := errors.AsType[*LostError](away.Err()); !ok || lost.Reason != ReasonPeerAborted {
			t.Errorf("who comes back: %v", away.Err())
		}
		h.end(stays, away, late)
	})
}

// Under overload those who are there resume, and new ones wait until it is over.
func TestK1_OverloadRefusesNewSessionsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var overloaded atomic.Bool
		h := newHouse(t, AcceptorConfig{Overloaded: overloaded.Load})
		old, _, n := h.enter(ID{})
		overloaded.Store(true)
		n.last().cut()
		synctest.Wait()
		if err := old.WaitActive(t.Context()); err != nil || old.Stats().Resumes != 1 {
			t.Errorf("resume: %+v, %v", old.Stats(), err)
		}
		late, _ := h.knock(ID{})
		time.Sleep(time.Minute)
		if err := late.Stats().LastError; late.State() == Active || !errors.Is(err, ErrLimit) {
			t.Errorf("a new session is %v, told %v", late.State(), err)
		}
		overloaded.Store(false)
		if err := late.WaitActive(t.Context()); err != nil {
			t.Error(err)
		}
		h.end(old, late)
	})
}

func TestAcceptorConfigErrors(t *testing.T) {
	for _, cfg := range []AcceptorConfig{{MaxSessions: -1}, {MaxDetached: -1}, {DetachedBytes: -1}} {
		cfg.Key = testKey
		if _, err := NewAcceptor(&cfg); errors.Of(err) != errors.Invalid {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
