package session

import (
	"iter"
	"slices"
	"time"
)

// simHost is a machine: its clocks, and whether it sleeps.
type simHost struct {
	d      *day
	name   string
	side   side
	clock  simClock
	asleep bool
	fell   simTime // asleep
	rested simTime // in all
	onWake []func()
	procs  []*simProcess
}

func (h *simHost) sleep() {
	h.asleep, h.fell = true, h.d.t
	h.d.note(h.name, "sleeps", 0, 0)
	for _, p := range h.procs {
		p.stopped(true)
	}
}

func (h *simHost) wake() {
	h.asleep = false
	h.rested += h.d.t - h.fell
	if !h.clock.sleepless {
		h.clock.slept += h.d.t - h.fell
	}
	h.d.note(h.name, "wakes", int64(h.d.t-h.fell), 0)
	for _, p := range h.procs {
		p.stopped(false)
	}
	due := h.onWake
	h.onWake = nil
	for _, f := range due {
		f()
	}
}

// simProcess is one life of a program. What it would do while it is stopped or its host
// sleeps waits until it runs again, and then happens in any order.
type simProcess struct {
	d       *day
	host    *simHost
	life    incarnation
	alive   bool
	paused  bool
	waiting []func()
	lag     time.Duration // what the scheduler may take, at worst
	idle    simTime       // for so long it did not run
	since   simTime       // when it stopped, if it does not run

	budget  *Budget
	acc     *Acceptor // of the accepting side
	drivers []*simDriver
	sockets []*simSocket
	rival   bool

	accepting func() // resumes who waits for a session
}

func (h *simHost) start() *simProcess {
	d := h.d
	p := &simProcess{d: d, host: h, alive: true, budget: NewBudget(d.plan.budget), lag: 20 * time.Microsecond}
	p.life = incarnation(h.clock.now(d.t).UnixNano())
	h.procs = append(h.procs, p)
	d.note(h.name, "starts", int64(p.life), 0)
	return p
}

func (p *simProcess) runs() bool { return !p.paused && !p.host.asleep }

// ran is for how long the process has run.
func (p *simProcess) ran() simTime {
	if !p.runs() {
		return p.since - p.idle
	}
	return p.d.t - p.idle
}

func (p *simProcess) pause() {
	if !p.paused {
		p.d.note(p.host.name, "is stopped", 0, 0)
		if p.runs() {
			p.since = p.d.t
		}
		p.paused = true
	}
}

func (p *simProcess) resume() {
	if p.paused {
		p.d.note(p.host.name, "continues", 0, 0)
		p.paused = false
		p.goOn()
	}
}

// stopped says that the host has fallen asleep or woken.
func (p *simProcess) stopped(asleep bool) {
	switch {
	case asleep && !p.paused:
		p.since = p.d.t
	case !asleep:
		p.goOn()
	}
}

func (p *simProcess) goOn() {
	if !p.runs() {
		return
	}
	p.idle += p.d.t - p.since
	due := p.waiting
	p.waiting = nil
	p.d.rng.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, f := range due {
		p.soon(f)
	}
}

// run does f as soon as the process runs.
func (p *simProcess) run(f func()) {
	switch {
	case !p.alive:
	case !p.runs():
		p.waiting = append(p.waiting, f)
	default:
		f()
	}
}

// soon lets a goroutine of the process do f: it takes the scheduler a moment.
func (p *simProcess) soon(f func()) {
	lag := p.lag
	if p.d.chance(400) {
		lag *= 100
	}
	p.d.at(time.Duration(p.d.rng.Int64N(int64(lag)))+1, func() { p.run(f) })
}

// simTimer is a timer of a process; it goes by the host's monotonic clock.
type simTimer struct{ off bool }

func (p *simProcess) after(in time.Duration, f func()) *simTimer {
	tm := &simTimer{}
	target := p.host.clock.mono(p.d.t) + in
	var fire func()
	fire = func() {
		left := target - p.host.clock.mono(p.d.t)
		switch {
		case tm.off || !p.alive:
		case p.host.asleep:
			p.host.onWake = append(p.host.onWake, fire)
		case left > 0:
			p.d.at(left, fire)
		default:
			p.run(func() {
				if !tm.off {
					f()
				}
			})
		}
	}
	p.d.at(in+time.Duration(p.d.rng.Int64N(int64(p.lag))), fire)
	return tm
}

// kill ends the process at once. Its host's kernel closes its connections.
func (p *simProcess) kill() {
	p.d.note(p.host.name, "dies", int64(p.life), 0)
	for _, x := range p.drivers {
		x.died()
	}
	p.alive = false
	for _, t := range p.d.sortedTasks() {
		if t.p == p {
			t.stop()
		}
	}
	for _, k := range slices.Clone(p.sockets) {
		k.close()
	}
	p.waiting = nil
	p.host.procs = slices.DeleteFunc(p.host.procs, func(q *simProcess) bool { return q == p })
	if p.d.port == p {
		p.d.port = nil
	}
}

// task is a goroutine of an application, or of the world when p is nil.
type task struct {
	d     *day
	p     *simProcess
	n     uint64
	next  func() (func(resume func()), bool)
	end   func()
	yield func(func(resume func())) bool
	over  bool
}

// taskStopped unwinds a task that is stopped.
type taskStopped struct{}

func (d *day) spawn(p *simProcess, body func(*task)) {
	t := &task{d: d, p: p}
	d.events++
	t.n = d.events
	t.next, t.end = iter.Pull(func(yield func(func(resume func())) bool) {
		t.yield = yield
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(taskStopped); !ok {
					panic(r)
				}
			}
		}()
		body(t)
	})
	d.tasks[t] = struct{}{}
	if p == nil {
		d.at(0, t.resume)
	} else {
		p.soon(t.resume)
	}
}

func (d *day) sortedTasks() []*task {
	list := make([]*task, 0, len(d.tasks))
	for t := range d.tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *task) int { return int(a.n) - int(b.n) })
	return list
}

func (t *task) resume() {
	if t.over {
		return
	}
	arm, ok := t.next()
	if !ok {
		t.stop()
		return
	}
	arm(t.resume)
}

func (t *task) stop() {
	if !t.over {
		t.over = true
		delete(t.d.tasks, t)
		t.end()
	}
}

// suspend stops the task until resume is called.
func (t *task) suspend(arm func(resume func())) {
	if !t.yield(arm) {
		panic(taskStopped{})
	}
}

func (t *task) sleep(in time.Duration) {
	t.suspend(func(resume func()) {
		if t.p == nil {
			t.d.at(in, resume)
		} else {
			t.p.after(in, resume)
		}
	})
}

// waiter is a task that waits for something about a session.
type waiter struct {
	ready  func() bool
	resume func()
	over   bool
}

// wait blocks the task until ready, or for at most patience if that is above 0; it reports
// whether it came to ready.
func (t *task) wait(x *simDriver, patience time.Duration, ready func() bool) (ok bool) {
	if ready() {
		return true
	}
	t.suspend(func(resume func()) {
		w := &waiter{ready: ready}
		w.resume = func() { ok = true; t.p.soon(resume) }
		x.waiters = append(x.waiters, w)
		if patience > 0 {
			t.p.after(patience, func() {
				if !w.over {
					w.over = true
					resume()
				}
			})
		}
	})
	return ok
}
