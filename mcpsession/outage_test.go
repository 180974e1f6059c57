package mcpsession_test

import (
	"context"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/session"
)

// outage begins an outage that is known at once.
func (e *ends) outage() {
	e.t.Helper()
	e.proxy.Admit(faultproxy.Refuse)
	e.proxy.Cut(faultproxy.RST)
	eventually(e.t, "the outage is known", func() bool { return !e.dialing.State().Linked() })
}

func (e *ends) heal() {
	e.proxy.Heal()
	e.dialing.Nudge(session.TriggerManual)
}

// onlyNextIsHandled makes a call, which is handled after all that was sent before it, and
// checks that nothing else was handled.
func (e *ends) onlyNextIsHandled(cs *mcp.ClientSession) {
	e.t.Helper()
	if err := call(e.t.Context(), cs, "count", 2); err != nil {
		e.t.Error(err)
	}
	if n := e.handled.Load(); n != 1 {
		e.t.Errorf("%d calls were handled", n)
	}
}

func TestF4_CallMadeInAnOutageCompletesOnce(t *testing.T) {
	e := realEnds(t)
	cs := e.connect(versions[1], nil)
	e.outage()
	done := make(chan error)
	go func() { done <- call(t.Context(), cs, "count", 5) }()
	select {
	case err := <-done:
		t.Fatalf("without a link: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	e.heal()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := e.handled.Load(); n != 1 {
		t.Errorf("handled %d times", n)
	}
}

func TestF4_CallUnderWayIsAnsweredOnceAfterAnOutage(t *testing.T) {
	e := realEnds(t)
	cs := e.connect(versions[0], nil)
	done := make(chan error)
	go func() { done <- call(t.Context(), cs, "work", 2) }()
	<-e.working
	e.outage()
	close(e.release) // the answer is written in the outage
	e.heal()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(e.working) != 0 {
		t.Errorf("the handler went on with %s", <-e.working)
	}
}

func TestF4_ExpiredCallIsNeverExecuted(t *testing.T) {
	t.Run("known outage", func(t *testing.T) {
		e := realEnds(t)
		cs := e.connect(versions[1], nil)
		e.outage()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := call(ctx, cs, "count", 1); !isTimeout(err) {
			t.Errorf("at its deadline: %v", err)
		}
		e.heal()
		e.onlyNextIsHandled(cs)
	})
	t.Run("unnoticed outage", func(t *testing.T) {
		e := realEnds(t)
		cs := e.connect(versions[1], nil)
		e.proxy.Drop()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := call(ctx, cs, "count", 1); !isTimeout(err) {
			t.Errorf("at its deadline: %v", err)
		}
		// The SDK sends the cancellation in the background.
		eventually(t, "call and cancellation are queued", func() bool { return e.dialing.Stats().UnackedMessages >= 2 })
		e.proxy.Heal()
		e.proxy.Cut(faultproxy.RST)
		e.onlyNextIsHandled(cs)
	})
}
