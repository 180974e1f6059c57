package power

import (
	"context"
	"time"
)

const (
	// looksApart keeps a storm of hints that mean nothing from making a storm of looks.
	looksApart = 50 * time.Millisecond
	// lookAgain is when a look that failed is repeated.
	lookAgain = time.Second
)

// netWatch decides when to look at the networks, and what came of it. The first hint makes it
// look at once; after a change was told, hints are gathered for a while.
type netWatch struct {
	state NetState
	err   error // of the last look
	hints bool  // there were some since the last look began
	by    Source
	after time.Duration // when the next look may be, of the clock that stands still during sleep
	again chan struct{} // closed by the next change, if somebody waits for it
}

func (n *netWatch) init(s NetState, err error) {
	n.state, n.err = s, err
	n.hints, n.by = err != nil, Poll
	n.after = -1 << 62
}

func (n *netWatch) hint(from Source) {
	if !n.hints {
		n.hints, n.by = true, from
	}
}

// deadline is when to look, if there is reason to.
func (n *netWatch) deadline() (at time.Duration, set bool) { return n.after, n.hints }

// begin says whether a look is due. If so it begins now: what is hinted at from here on, it may
// miss.
func (n *netWatch) begin(now time.Duration) bool {
	if !n.hints || now < n.after {
		return false
	}
	n.hints = false
	return true
}

// found takes what a look has found. It returns the event without time and number, or kind 0.
func (n *netWatch) found(s NetState, err error, now, debounce time.Duration) (e Event) {
	if n.err = err; err != nil {
		n.hints = true
		n.after = now + lookAgain
		return e
	}
	kind, change := diff(n.state, s)
	n.state = s
	n.after = now + looksApart
	if kind == 0 {
		return e
	}
	n.after = now + debounce
	if n.again != nil {
		close(n.again)
		n.again = nil
	}
	return Event{Kind: kind, Source: n.by, Net: change}
}

// Network returns the networks as of the last look.
func (m *Monitor) Network() NetState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.net.state.clone()
}

// WaitOnline waits until Network().Online(). Whoever wants to reach something on this machine or
// its own link need not wait for that. The error is the context's cause, or ErrClosed.
func (m *Monitor) WaitOnline(ctx context.Context) error {
	for {
		m.mu.Lock()
		online, closed := m.net.state.Online(), m.closed
		if m.net.again == nil {
			m.net.again = make(chan struct{})
		}
		again := m.net.again
		m.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case online:
			return nil
		}
		select {
		case <-again:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.ctx.Done():
			return ErrClosed
		}
	}
}

func (m *Monitor) networkHint(from Source) {
	m.mu.Lock()
	m.net.hint(from)
	m.mu.Unlock()
	m.poke()
}

// lookAtNetwork is called by loop only.
func (m *Monitor) lookAtNetwork() {
	s, err := m.snapshot()
	if err != nil {
		m.log.Info("can't look at the networks", "err", err)
	}
	now := m.system.Clock.Read()
	m.update(func() []Event {
		e := m.net.found(s, err, now.Awake, m.options.debounce)
		if e.Kind == 0 {
			return nil
		}
		e.Time, e.Sleep = now.Time(), m.judge.sleep
		return []Event{e}
	})
}

func (m *Monitor) snapshot() (NetState, error) {
	raw, err := m.system.Network()
	if err != nil {
		return NetState{}, err
	}
	return netState(raw, m.options.keep), nil
}
