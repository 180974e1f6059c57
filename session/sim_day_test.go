package session

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// A day is one run of the simulation: a dialing and an accepting host, their processes, the
// network between them, and everything that happens to them, in true time. The real cores are
// driven as Session drives them. What happens depends on nothing but the seed.
type day struct {
	seed   uint64
	rng    *rand.Rand
	t      simTime
	queue  eventQueue
	events uint64
	trace  trace
	tasks  map[*task]struct{}

	plan   plan
	net    simNet
	hosts  [2]*simHost
	port   *simProcess // who listens
	pairs  []*simPair
	byID   map[ID]*simPair
	totals totals

	captured [][]byte // requests that the acceptor has accepted, for thieves
	foreign  bool     // another program has had the port
	calmAt   simTime  // since when it is evening
	late     simTime  // the next connection is bound so late
	slow     bool     // the path is so slow that a live peer may be given up
	evening  bool     // the weather is calm for the rest of the day, and nothing new is sent
	settled  bool     // all links are healthy, and nothing is on its way
}

// totals are what days add up to.
type totals struct {
	days, events, messages, bytes, packets, dials, attaches, resumes, sessions uint64
	cuts, sleeps, pauses, restarts, holes, moves, replays                      uint64
	lost, verdicts, judged, ticks                                              uint64
	virtual                                                                    time.Duration
}

func (a *totals) add(b totals) {
	a.days += b.days
	a.events += b.events
	a.messages += b.messages
	a.bytes += b.bytes
	a.packets += b.packets
	a.dials += b.dials
	a.attaches += b.attaches
	a.resumes += b.resumes
	a.sessions += b.sessions
	a.cuts += b.cuts
	a.sleeps += b.sleeps
	a.pauses += b.pauses
	a.restarts += b.restarts
	a.holes += b.holes
	a.moves += b.moves
	a.replays += b.replays
	a.lost += b.lost
	a.verdicts += b.verdicts
	a.judged += b.judged
	a.ticks += b.ticks
	a.virtual += b.virtual
}

// violation of a property; it ends the day.
type simFailure struct{ what string }

func (d *day) fail(format string, args ...any) {
	panic(simFailure{fmt.Sprintf(format, args...)})
}

// liveDay lives through the day of a seed. The error tells how to see it again.
func liveDay(seed uint64) (*day, error) {
	return simulate(seed, func(d *day) {
		d.draw()
		d.begin()
		d.until(d.plan.length)
		d.calmDown()
		d.converge()
		d.closeAll()
		d.night()
	})
}

func simulate(seed uint64, live func(*day)) (d *day, err error) {
	d = &day{seed: seed, rng: rand.New(rand.NewPCG(seed, 0x6272756d)), tasks: map[*task]struct{}{}, byID: map[ID]*simPair{}}
	defer func() {
		p := recover()
		for t := range d.tasks {
			t.stop()
		}
		d.totals.days, d.totals.events, d.totals.virtual = 1, d.events, d.t
		if p == nil {
			return
		}
		what := fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		if f, ok := p.(simFailure); ok {
			what = f.what
		}
		err = fmt.Errorf("seed %d, at %v: %s\nreplay: go test -run 'TestSimulation$' ./session -seed %d\n%s", seed, d.t, what, seed, d.trace.tail())
	}()
	live(d)
	return d, nil
}

// at lets f happen in a while.
func (d *day) at(in simTime, f func()) {
	d.events++
	d.queue.push(event{d.t + max(in, 0), d.events, f})
}

// until lets time pass.
func (d *day) until(end simTime) {
	for len(d.queue) > 0 && d.queue[0].at <= end {
		e := d.queue.pop()
		d.t = e.at
		e.do()
		if d.events > maxEvents {
			d.fail("%d events: something goes round in circles", d.events)
		}
	}
	d.t = end
}

// maxEvents is far above what a day needs.
const maxEvents = 20_000_000

// untilTrue lets time pass until something holds; it reports whether it came to that.
func (d *day) untilTrue(end simTime, holds func() bool) bool {
	for d.t < end {
		if holds() {
			return true
		}
		d.until(min(end, d.t+200*time.Millisecond))
	}
	return holds()
}

// chance is true in one of n cases.
func (d *day) chance(n int) bool { return d.rng.IntN(n) == 0 }

// between draws evenly.
func (d *day) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.rng.Int64N(int64(high-low)+1))
}

// about draws so that each order of magnitude is as likely as any other.
func (d *day) about(low, high time.Duration) time.Duration {
	for n := d.rng.IntN(24); n > 0 && high > 2*low; n-- {
		if d.chance(2) {
			high /= 2
		} else {
			low *= 2
		}
	}
	return d.between(low, max(low, high))
}
