package faultproxy

import (
	"fmt"
	"time"
)

// Direction of bytes through a proxy.
type Direction int

const (
	ToTarget Direction = iota // from who connected, to the target
	ToClient
	directions
)

func (d Direction) String() string {
	if d == ToTarget {
		return "to the target"
	}
	return "to the client"
}

// Admission says what happens to those who connect.
type Admission int

const (
	Forward Admission = iota // they are connected to the target
	Swallow                  // they are accepted, and never hear anything
	Refuse                   // they are reset at once
)

// Ending is how a connection is cut, for both sides.
type Ending int

const (
	RST Ending = iota
	FIN
)

func (e Ending) String() string {
	if e == RST {
		return "RST"
	}
	return "FIN"
}

// weather is what the controls set.
type weather struct {
	admission Admission
	flow      [directions]flow
	finDelay  time.Duration
}

// flow is how one direction fares.
type flow struct {
	drop  bool          // bytes are read and forgotten
	stall bool          // bytes are not even read
	delay time.Duration // bytes arrive that much later
	quota *quota
}

// quota is a cut to come.
type quota struct {
	bytes  int
	ending Ending
}

func (p *Proxy) change(f func(*weather)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.weather)
	close(p.changed)
	p.changed = make(chan struct{})
}

// Drop swallows all bytes of the given directions, of both if none is given, and that a
// side has closed. One direction alone makes a half-open connection.
func (p *Proxy) Drop(which ...Direction) {
	p.change(func(w *weather) {
		for _, d := range orBoth(which) {
			w.flow[d].drop = true
		}
	})
}

// Stall stops reading, so that a sender's buffers fill up. Nothing is lost: it all goes on
// after Heal, as after an outage that TCP survived.
func (p *Proxy) Stall(which ...Direction) {
	p.change(func(w *weather) {
		for _, d := range orBoth(which) {
			w.flow[d].stall = true
		}
	})
}

func orBoth(which []Direction) []Direction {
	if len(which) == 0 {
		return []Direction{ToTarget, ToClient}
	}
	return which
}

// Delay lets bytes of a direction arrive later, in order and without slowing them down.
func (p *Proxy) Delay(d Direction, by time.Duration) {
	p.change(func(w *weather) { w.flow[d].delay = by })
}

// DelayEnd lets the target learn only that much later that a client has closed.
func (p *Proxy) DelayEnd(by time.Duration) {
	p.change(func(w *weather) { w.finDelay = by })
}

// Admit says what happens to those who connect from now on.
func (p *Proxy) Admit(a Admission) {
	p.change(func(w *weather) { w.admission = a })
}

// Blackhole drops everything, and swallows new connections.
func (p *Proxy) Blackhole() {
	p.Admit(Swallow)
	p.Drop()
}

// CutAfter cuts the connection that carries the nth next byte of direction d, right after
// that byte.
func (p *Proxy) CutAfter(d Direction, n int, how Ending) {
	if n < 1 {
		panic(fmt.Sprintf("faultproxy: cut after %d bytes", n))
	}
	p.change(func(w *weather) { w.flow[d].quota = &quota{n, how} })
}

// Cut ends all open connections now and returns how many there were.
func (p *Proxy) Cut(how Ending) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if l.endLocked(how) {
			p.counters.Cut++
			n++
		}
	}
	return n
}

// CutClients resets all connections on the client's side only. The target learns of it as if
// the client had closed: later, if the weather is so.
func (p *Proxy) CutClients() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if !l.ended {
			p.counters.Cut++
			n++
			closeBy(RST, l.client)
		}
	}
	return n
}

// Heal makes the proxy forward faithfully again.
func (p *Proxy) Heal() {
	p.change(func(w *weather) { *w = weather{} })
}
