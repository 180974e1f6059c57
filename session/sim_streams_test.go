package session

import (
	"context"
	"time"
)

// taker accepts streams.
func (x *simDriver) taker(t *task) {
	for {
		if x.core.streams.incoming.len() > 0 {
			h, err := x.s.AcceptStream(context.Background())
			if err != nil {
				x.d.fail("AcceptStream: %v", err)
			}
			x.note("accepts stream", int64(h.ID()), 0)
			x.lead(h)
			continue
		}
		if x.core.phase == phaseEnded {
			return
		}
		t.wait(x, 0, func() bool { return isClosed(x.s.news) || isClosed(x.s.done) })
	}
}

// opener opens streams.
func (x *simDriver) opener(t *task) {
	for n := 0; n < x.d.plan.streams && !x.done(); n++ {
		t.sleep(x.d.about(10*time.Millisecond, x.d.plan.length/4))
		if x.done() {
			return
		}
		var h *Stream
		err := x.await(t, 0, func() space {
			if x.core.phase != phaseOpen {
				return spaceNever
			}
			st, got := x.core.openStream("stream")
			if got == spaceYes {
				h = newStream(x.s, st)
			}
			return got
		}, func() error { return ErrClosed }, func() {})
		if err != nil {
			return
		}
		x.note("opens stream", int64(h.ID()), 0)
		x.lead(h)
	}
}

// lead lets an application use a stream: it sends, receives, and may end it in one way or other.
func (x *simDriver) lead(h *Stream) {
	d := x.d
	d.spawn(x.proc, func(t *task) { x.receiver(t, h) })
	d.spawn(x.proc, func(t *task) {
		if d.chance(4) { // says nothing itself
			t.sleep(d.about(time.Millisecond, time.Hour))
		} else {
			gap := d.about(10*time.Millisecond, d.plan.gap)
			l := x.pair.lane(x.side, h.ID())
			for n := d.rng.IntN(4 * d.plan.burst); n > 0 && !x.done(); n-- {
				if x.send(t, h, l, d.size(), 0) != nil {
					break
				}
				t.sleep(d.about(time.Millisecond, gap))
			}
		}
		switch how := d.rng.IntN(6); {
		case how == 0 || x.done():
		case how == 1:
			x.reset(t, h)
		default:
			x.closeSend(t, h)
		}
	})
}

// reset is Stream.Reset.
func (x *simDriver) reset(t *task, h *Stream) {
	err := x.await(t, 0, func() space {
		got := x.core.resetStream(h.st)
		if got == spaceYes {
			x.pair.resets(h.ID())
		}
		return got
	}, func() error { return nil }, func() {})
	x.note("resets stream", int64(h.ID()), 0)
	if err == nil {
		h.signal()
		x.s.madeSpace()
		x.proc.poll()
	}
}

// closeSend is Stream.CloseSend.
func (x *simDriver) closeSend(t *task, h *Stream) {
	if x.takeTurn(t, h, 0, 0) != nil {
		return
	}
	x.await(t, 0, func() space { return x.core.finishStream(h.st) }, func() error { return h.sendable(0) }, func() {})
	x.note("finishes stream", int64(h.ID()), 0)
	h.endTurn()
}
