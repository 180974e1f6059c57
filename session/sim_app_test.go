package session

import (
	"time"

	"github.com/standardbeagle/brum/errors"
)

// The applications at both ends: what they send, and how they receive it.

// errPatience is what a Send gets whose context ends.
var errPatience error = &errors.Error{Op: "send", Kind: errors.Timeout}

// use lets an application use its end of a session.
func (x *simDriver) use() {
	p, d := x.proc, x.d
	main := x.s.main
	d.spawn(p, func(t *task) { x.sender(t, main, d.plan.gap) })
	d.spawn(p, func(t *task) { x.receiver(t, main) })
	d.spawn(p, x.taker)
	if d.plan.streams > 0 {
		d.spawn(p, x.opener)
	}
}

// done reports whether the application has to stop sending.
func (x *simDriver) done() bool { return x.over || x.d.evening }

func (x *simDriver) sender(t *task, h *Stream, gap time.Duration) {
	d := x.d
	l := x.pair.lane(x.side, h.ID())
	for !x.done() {
		for n := 1 + d.rng.IntN(d.plan.burst); n > 0 && !x.done(); n-- {
			patience := time.Duration(0)
			if d.chance(10) {
				patience = d.about(10*time.Millisecond, time.Minute)
			}
			err := x.send(t, h, l, d.size(), patience)
			if err != nil && !errors.Is(err, ErrFull) && !errors.Is(err, errPatience) {
				return // closed, reset or lost
			}
			if d.chance(4) {
				t.sleep(d.about(100*time.Microsecond, 50*time.Millisecond))
			}
		}
		if d.totals.messages > d.plan.messages {
			t.sleep(d.plan.length / 20)
		}
		t.sleep(d.about(gap/30, gap))
	}
}

// size draws the size of a message.
func (d *day) size() int {
	n := 0
	switch r := d.rng.IntN(100); {
	case r < 70 || d.plan.quota <= 0:
		n = d.rng.IntN(600)
	case r < 94:
		n = d.rng.IntN(maxFragment + 1)
	default:
		n = maxFragment + 1 + d.rng.IntN(d.plan.large)
	}
	d.plan.quota -= n
	return n
}

// send is Stream.Send, or TrySend.
func (x *simDriver) send(t *task, h *Stream, l *lane, size int, patience time.Duration) error {
	m := x.pair.compose(l, size)
	msg := m.body(nil)
	if size <= maxFragment {
		if x.d.chance(5) {
			err := h.TrySend(msg)
			if err == nil {
				x.pair.accepted(x, m)
				x.push(t)
			}
			return err
		}
		if h.sendNow(msg) {
			x.pair.accepted(x, m)
			x.push(t)
			return nil
		}
	}
	return x.sendSlowly(t, h, m, msg, patience)
}

// push is what is left of Session.pushed.
func (x *simDriver) push(t *task) {
	x.replayBounded() // while the link is what it was when the message was taken
	written := false
	var resume func()
	x.pushed(func() {
		written = true
		if resume != nil {
			resume()
		}
	})
	x.proc.poll()
	if !written {
		t.suspend(func(r func()) { resume = r })
	}
}

// sendSlowly is Stream.sendSlowly.
func (x *simDriver) sendSlowly(t *task, h *Stream, m *sentOnce, msg []byte, patience time.Duration) error {
	if err := x.takeTurn(t, h, m.size, patience); err != nil {
		return err
	}
	if m.size <= maxFragment {
		defer h.endTurn()
		return x.await(t, patience, func() space { return x.core.send(h.st, msg) }, func() error { return h.sendable(0) },
			func() { x.pair.accepted(x, m) })
	}
	begun := false
	for off := 0; off < len(msg); {
		piece := msg[off:min(off+maxFragment, len(msg))]
		err := x.await(t, patience, func() space {
			if x.core.log.unsentBytes(burst) >= burst {
				return spaceReplay
			}
			return x.core.sendFragment(h.st, piece, off, len(msg))
		}, func() error { return h.sendable(0) }, func() {
			if off+len(piece) == len(msg) {
				x.pair.accepted(x, m)
			}
		})
		if err != nil {
			x.withdraw(h, begun)
			return err
		}
		begun = true
		off += len(piece)
	}
	h.endTurn()
	return nil
}

// withdraw abandons a message of which fragments have gone.
func (x *simDriver) withdraw(h *Stream, begun bool) {
	if !begun || x.core.phase == phaseEnded {
		h.endTurn()
		return
	}
	x.d.spawn(x.proc, func(t *task) {
		x.await(t, 0, func() space { return x.core.abandon(h.st) }, func() error { return h.sendable(0) }, func() {})
		h.endTurn()
		x.proc.poll()
	})
}

// takeTurn is Stream.takeTurn.
func (x *simDriver) takeTurn(t *task, h *Stream, size int, patience time.Duration) error {
	if !t.wait(x, patience, func() bool { return len(h.turn) == 0 || isClosed(x.s.done) }) {
		return errPatience
	}
	if isClosed(x.s.done) {
		return x.s.Err()
	}
	h.turn <- struct{}{}
	if size > maxFragment {
		if err := x.await(t, patience, x.core.attachedOnce, func() error { return h.sendable(0) }, func() {}); err != nil {
			<-h.turn
			return err
		}
	}
	if err := h.sendable(size); err != nil {
		<-h.turn
		return err
	}
	h.st.turn = true
	return nil
}

// await is Session.await; yes is called at once when try has found space.
func (x *simDriver) await(t *task, patience time.Duration, try func() space, never func() error, yes func()) error {
	var w waitingSender
	defer func() {
		if w.session != nil {
			x.s.waiting.remove(&w)
		}
	}()
	for {
		wait, err := x.s.tryOnce(&w, try, never)
		if !wait {
			if err == nil {
				yes()
				x.push(t)
			}
			return err
		}
		if !t.wait(x, patience, func() bool {
			return isClosed(w.session) || isClosed(w.budget) || isClosed(x.s.done)
		}) {
			return errPatience
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// receiver receives until there is no more.
func (x *simDriver) receiver(t *task, h *Stream) {
	d := x.d
	slow := d.rng.IntN(4) // of ten are slow, or have their moods
	for {
		got, err := h.receiveNow(nil)
		if x.core.streams.due > 0 {
			x.wakeWriter()
		}
		x.proc.poll()
		switch {
		case err != nil:
			x.pair.exhausted(x, h.ID(), err)
			return
		case got.whole:
			x.pair.delivered(x, h.ID(), got.msg)
			switch {
			case d.evening:
			case slow == 0 && d.chance(3):
				t.sleep(d.about(100*time.Microsecond, 200*time.Millisecond))
			case slow == 1 && d.chance(200):
				x.note("stops receiving", int64(h.ID()), 0)
				for until := d.t + d.about(time.Second, 10*time.Minute); d.t < until && !d.evening && !x.over; {
					t.sleep(5 * time.Second)
				}
			}
		case got.need > 0:
			x.makeRoom(t, h, got.need)
		default:
			t.wait(x, 0, func() bool { return isClosed(h.data) || isClosed(x.s.done) })
		}
	}
}

// makeRoom is Stream.makeRoom.
func (x *simDriver) makeRoom(t *task, h *Stream, n int) {
	budget := x.core.cfg.Budget
	for !budget.takeMessage(n, x.core.streams.reserved()) {
		if !h.st.in.waitsFor(n) {
			return
		}
		freed, over := budget.wait(), x.over
		t.wait(x, 0, func() bool { return isClosed(freed) || x.over != over })
	}
	if in := &h.st.in; in.waitsFor(n) {
		in.begin(make([]byte, 0, n), n, n)
	} else {
		budget.releaseMessage(n)
	}
}
