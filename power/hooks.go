package power

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// hooks are what wants to be called before a sleep. The monitor's lock guards them.
type hooks struct {
	list    map[*hook]struct{}
	changed chan struct{} // closed, and made anew, when there are some or none again
	current *suspension   // the last that began
}

type hook struct{ f func(context.Context) }

// suspension is one run of all hooks.
type suspension struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when all have returned
	left   atomic.Int32
}

func newHooks() hooks {
	return hooks{list: make(map[*hook]struct{}), changed: make(chan struct{})}
}

// OnSuspend has f called when the machine is about to sleep, in a goroutine of its own, along
// with the other hooks. The system waits for them for as long as it allows and WithSuspendTimeout
// says: that is the deadline of f's context, which is also done when the sleep is called off or
// over. After it the machine sleeps, whether f has returned or not. A panic of f is logged.
//
// While there are hooks, the monitor asks the system to wait with each sleep (a delay inhibitor
// of logind, for example); without, it never delays one. remove may be called more than once; it
// does not wait for f.
func (m *Monitor) OnSuspend(f func(ctx context.Context)) (remove func()) {
	h := &hook{f}
	m.mu.Lock()
	m.hooks.list[h] = struct{}{}
	m.hooks.announce(1)
	m.mu.Unlock()
	return sync.OnceFunc(func() {
		m.mu.Lock()
		delete(m.hooks.list, h)
		m.hooks.announce(0)
		m.mu.Unlock()
	})
}

// announce tells backends when the number of hooks has become n.
func (h *hooks) announce(n int) {
	if len(h.list) == n {
		close(h.changed)
		h.changed = make(chan struct{})
	}
}

// suspension returns the run of hooks that has to end before the system may sleep, which begins
// now if events have a Suspend. It is nil if there is none. The monitor's lock is held.
func (h *hooks) suspension(m *Monitor, events []Event, hint system.Hint) *suspension {
	if len(events) == 0 || events[len(events)-1].Kind != Suspend {
		return h.current
	}
	h.over()
	if len(h.list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(m.ctx, budget(m.options.suspend, hint.Budget))
	s := &suspension{cancel: cancel, done: make(chan struct{})}
	s.left.Store(int32(len(h.list)))
	for hook := range h.list {
		go s.run(ctx, m, hook.f)
	}
	h.current = s
	return s
}

// over ends a run of hooks whose sleep is over or called off.
func (h *hooks) over() {
	if h.current != nil {
		h.current.cancel()
		h.current = nil
	}
}

// run calls one hook.
func (s *suspension) run(ctx context.Context, m *Monitor, f func(context.Context)) {
	defer func() {
		if r := recover(); r != nil {
			m.log.Error("a suspend hook panicked", "panic", r, "stack", string(debug.Stack()))
		}
		if s.left.Add(-1) == 0 {
			s.cancel()
			close(s.done)
		}
	}()
	f(ctx)
}

// holdUp lets the system sleep when the hooks are done or out of time.
func (m *Monitor) holdUp(s *suspension, h system.Hint) {
	if h.Ack == nil {
		return
	}
	if s == nil || m.options.noInhibitor || !m.begin(func() {
		timeout := time.NewTimer(budget(m.options.suspend, h.Budget))
		defer timeout.Stop()
		select {
		case <-s.done:
		case <-timeout.C:
			m.log.Warn("suspend hooks were not done in time", "unfinished", s.left.Load())
		case <-m.ctx.Done():
		}
		h.Ack()
	}) {
		h.Ack()
	}
}

// begin starts a goroutine that Close waits for, unless it is too late for that.
func (m *Monitor) begin(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.running.Go(f)
	return true
}

// budget is the lower of what was asked for and what the system grants, if it says.
func budget(option, system time.Duration) time.Duration {
	if system > 0 {
		return min(option, system)
	}
	return option
}
