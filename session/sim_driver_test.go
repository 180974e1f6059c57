package session

import (
	"slices"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// simDriver is a Session whose goroutines, timer and connections are simulated. Whatever of
// Session needs none of these is the real thing, called in the order in which Session does.
type simDriver struct {
	d    *day
	proc *simProcess
	side side
	pair *simPair
	s    *Session // its link and timer are not used
	core *core

	link     *simLink
	attempts []*simAttempt // in the order of their numbers
	timer    *simTimer
	over     bool
	waiters  []*waiter
	meter    meter
	judge    judge
	kept     kept // by its send log, when it was last looked at
}

func newSimDriver(p *simProcess, s *Session, pair *simPair, side side) *simDriver {
	x := &simDriver{d: p.d, proc: p, side: side, pair: pair, s: s, core: s.core}
	x.judge.init()
	p.drivers = append(p.drivers, x)
	pair.joins(x)
	return x
}

// dialSession is Dial.
func (p *simProcess) dialSession(owner ID) *simDriver {
	d := p.d
	var id ID
	for i := range id {
		id[i] = byte(d.rng.Uint32())
	}
	pair := d.newPair(id)
	now := p.host.clock.now(d.t)
	cfg := d.plan.config(p.budget)
	cfg.Owner = owner
	s := newSession(cfg, dialing, id, p.life, now)
	s.core.random = d.rng.Uint64
	s.core.redial.random = d.rng.Float64
	x := newSimDriver(p, s, pair, sideA)
	x.note("dials a session", int64(pair.n), 0)
	s.core.start(now)
	x.unlock(now)
	return x
}

func (x *simDriver) now() time.Time { return x.proc.host.clock.now(x.d.t) }

func (x *simDriver) note(what string, a, b int64) { x.d.note(x.proc.host.name, what, a, b) }

// unlock is Session.unlock.
func (x *simDriver) unlock(now time.Time) {
	changes := x.s.takeChanges()
	ended := x.settle(now)
	x.s.signal()
	if x.core.dialDue(now) {
		x.startAttempt(now)
	}
	if x.core.wantsWrite() {
		x.wakeWriter()
	}
	x.rearm(now)
	for _, ch := range changes {
		x.changed(ch)
		if x.s.home != nil {
			x.s.home.room.note(x.s, &ch)
		}
		if x.s.home != nil && ch.To == Detached {
			x.s.home.trim(now)
			x.proc.agree()
		}
	}
	if ended && x.s.home != nil {
		x.s.home.forget(x.s)
	}
	x.check(now)
	x.proc.poll()
}

// settle is Session.settle.
func (x *simDriver) settle(now time.Time) (ended bool) {
	if x.link != nil && (x.core.link != linkUp || x.core.linkID != x.link.id) {
		x.dropLink(x.core.out.farewell)
		x.core.out.farewell = nil
		x.s.madeSpace()
	}
	ended = x.s.settle(now)
	if x.core.phase == phaseEnded && !x.over {
		x.over = true
		x.stopTimer()
		for _, t := range x.attempts {
			t.cancel()
		}
		x.ended()
	}
	return ended
}

func (x *simDriver) stopTimer() {
	if x.timer != nil {
		x.timer.off = true
	}
}

// rearm is Session.rearm.
func (x *simDriver) rearm(now time.Time) {
	next := x.core.deadline()
	if !x.core.rearms(now, next) {
		return
	}
	if next.After(x.core.armed) && !x.core.armed.IsZero() {
		x.judge.woken(x) // else it would not be told
	}
	x.core.armed = next
	x.judge.armed(x)
	x.stopTimer()
	x.timer = x.proc.after(max(next.Sub(x.now()), 1), x.onTimer)
}

// onTimer is Session.onTimer.
func (x *simDriver) onTimer() {
	now := x.now()
	x.ticked()
	linkID, link, probe := x.core.linkID, x.core.link, x.core.live.probe
	lost, trigger := x.core.tick(now)
	if lost {
		x.condemns(now, probe)
		x.core.linkLost(now, linkID, trigger, errSilent)
	} else if link == linkUp {
		x.judge.woken(x)
	}
	x.core.armed = time.Time{}
	x.unlock(now)
}

// startAttempt is Session.startAttempt.
func (x *simDriver) startAttempt(now time.Time) {
	if len(x.attempts) >= maxAttempts {
		x.attempts[0].cancel()
		x.attempts = x.attempts[1:]
	}
	n, request, timeout := x.core.beginAttempt(now)
	x.note("attempts", int64(n), int64(len(x.attempts)))
	x.judge.attempted = x.proc.ran()
	x.attempts = append(x.attempts, x.dial(n, request, now, timeout))
}

// attempted is the rest of Session.attempt.
func (x *simDriver) attempted(t *simAttempt, sock *simSocket, reply []byte, err error) {
	now := x.now()
	if err == nil {
		err = x.core.adopt(now, t.n, t.request, reply)
	}
	if err == nil && sock == nil {
		x.d.fail("a refusal was adopted")
	}
	at := slices.Index(x.attempts, t)
	wanted := at >= 0
	if wanted {
		x.attempts = slices.Delete(x.attempts, at, at+1)
	}
	if err == nil {
		x.linked(now, t.n, sock, t.began)
		x.unlock(now)
		return
	}
	x.note("attempt fails", int64(t.n), int64(errors.Of(err)))
	if wanted && x.core.link != linkUp && x.core.phase != phaseEnded {
		x.judge.failed(err)
		x.s.attemptFailed(now, err)
	}
	x.unlock(now)
	if sock != nil {
		sock.close()
	}
}

// linked is Session.linked.
func (x *simDriver) linked(now time.Time, n uint64, sock *simSocket, began time.Time) {
	if x.link != nil {
		x.dropLink(nil)
	}
	for _, t := range x.attempts {
		t.cancel()
	}
	x.attempts = nil
	if k := len(x.core.changes); k > 0 {
		x.core.changes[k-1].Resume = now.Sub(began)
	}
	x.startLink(n, sock)
}

// bind is Attachment.Bind.
func (x *simDriver) bind(linkID uint64, sock *simSocket) {
	now := x.now()
	if !x.core.bound(now, linkID) {
		x.unlock(now)
		sock.close()
		return
	}
	x.startLink(linkID, sock)
	fresh := !x.s.offered
	x.s.offered = true
	x.unlock(now)
	if fresh {
		x.s.home.offer(x.s)
		if resume := x.proc.accepting; resume != nil {
			x.proc.accepting = nil
			x.proc.soon(resume)
		}
		x.proc.agree()
		x.proc.poll()
	}
}

// abort is Attachment.Abort.
func (x *simDriver) abort(linkID uint64, err error) {
	now := x.now()
	x.note("aborts", int64(linkID), 0)
	x.core.unbound(now, linkID, err)
	x.unlock(now)
}

// nudge is Session.Nudge.
func (x *simDriver) nudge(reason Trigger) {
	now := x.now()
	x.note("is nudged", int64(reason), 0)
	x.judge.nudged(x, func() {
		x.core.nudge(now, reason)
		x.unlock(now)
	})
}

// close is the first half of Session.Close.
func (x *simDriver) close() {
	now := x.now()
	x.note("closes", int64(x.pair.n), 0)
	x.pair.closes[x.side] = true
	x.core.close(now)
	x.s.madeSpace()
	x.unlock(now)
}

// closeNow is Session.CloseNow.
func (x *simDriver) closeNow() {
	now := x.now()
	x.note("closes now", int64(x.pair.n), 0)
	x.pair.aborts[x.side] = true
	x.core.closeNow(now)
	x.core.streams.all(func(st *stream) { st.discard(x.core.cfg.Budget) })
	x.unlock(now)
	x.core.cfg.Budget.releaseMessage(0)
	x.proc.poll()
}

// died says that the process is gone, and with it all that it kept.
func (x *simDriver) died() {
	x.stopTimer()
	for _, t := range x.attempts {
		t.done = true
	}
	x.pair.dies(x)
}

// poll resumes the tasks of a process that have waited for what has just happened.
func (p *simProcess) poll() {
	for _, x := range p.drivers {
		for i := 0; i < len(x.waiters); {
			w := x.waiters[i]
			if !w.over && w.ready() {
				w.over = true
				w.resume()
			}
			if w.over {
				x.waiters = slices.Delete(x.waiters, i, i+1)
			} else {
				i++
			}
		}
	}
}
