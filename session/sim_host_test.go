package session

import (
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
