package session

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// The exploration drives two real cores, one dialing and one accepting, through every
// interleaving of what can happen to them within bounds. This file holds the world that it
// moves through: the cores, what is in flight between them, and what it remembers to judge
// them by. The little that a driver does around a core (settle, linked, Abort) is done here.

// epoch is the time at which everything happens: the exploration fires timers by choice.
var epoch = time.Unix(1_000_000, 0)

type side uint8

const (
	sideA side = iota // dialing
	sideB             // accepting
)

func (s side) other() side    { return 1 - s }
func (s side) String() string { return [...]string{"A", "B"}[s] }

// endpoint is one side: its core and what its application has done.
type endpoint struct {
	c      *core // nil: the acceptor knows no session
	done   int   // of the script; each step is one frame, so this is also the next sequence number
	got    []string
	probes int
}

// attempt is an attach exchange under way.
type attempt struct {
	n       uint64
	dialer  incarnation
	request []byte
	reply   []byte // nil until answered
}

// carrier is a connection: packets in flight toward each side.
type carrier struct {
	n       uint64
	dialer  incarnation
	up      [2]bool // bound to that side's core
	gone    [2]bool // closed there, or never to be bound
	broken  bool    // cut or closed: what is in flight may still arrive, up to any point
	toward  [2][][]byte
	pending bool // accepted, neither bound nor aborted
}

// allowance is what may still happen.
type allowance struct {
	cuts, dials, losses, probes, lates int
	holds, renewals                    int
	restarts, closes, aborts           [2]int
}

type world struct {
	ends     [2]endpoint
	acceptor incarnation
	graves   []epitaph // of the session's id: at most one
	attempts []attempt
	carriers []carrier
	left     allowance
	by       *step
}

// step is how a world came about.
type step struct {
	before *step
	action action
}

func (s *step) String() string {
	if s == nil {
		return ""
	}
	return s.before.String() + "\n\t" + s.action.String()
}

func (w *world) clone() *world {
	n := *w
	for i := range n.ends {
		n.ends[i].c = cloneCore(w.ends[i].c)
		n.ends[i].got = slices.Clip(n.ends[i].got)
	}
	n.graves = slices.Clip(n.graves)
	n.attempts = slices.Clone(n.attempts)
	n.carriers = slices.Clone(n.carriers)
	for i := range n.carriers {
		for s := range n.carriers[i].toward {
			n.carriers[i].toward[s] = slices.Clip(n.carriers[i].toward[s])
		}
	}
	return &n
}

// cloneCore copies a core deeply, but for the bytes in blocks: nothing ever changes those, and
// whatever a branch of the exploration appends is what its siblings append at that place.
func cloneCore(c *core) *core {
	if c == nil {
		return nil
	}
	n := *c
	budget := &Budget{limit: c.cfg.Budget.limit, used: c.cfg.Budget.used}
	n.cfg.Budget, n.log.budget = budget, budget
	n.log.blocks = cloneBlocks(c.log.blocks)
	n.log.fragmented.items = slices.Clone(c.log.fragmented.items)
	n.changes, n.out.farewell = nil, slices.Clip(c.out.farewell)

	known := map[*stream]*stream(nil)
	move := func(st *stream) *stream {
		switch st {
		case nil:
			return nil
		case &c.streams.main:
			return &n.streams.main
		case &c.streams.void:
			return &n.streams.void
		}
		if to, ok := known[st]; ok {
			return to
		}
		if known == nil {
			known = make(map[*stream]*stream)
		}
		to := *st
		cloneInbox(&to.in)
		known[st] = &to
		return &to
	}
	cloneInbox(&n.streams.main.in)
	cloneInbox(&n.streams.void.in)
	n.streams.open = maps.Clone(c.streams.open)
	for id, st := range n.streams.open {
		n.streams.open[id] = move(st)
	}
	n.streams.recent = move(c.streams.recent)
	for _, list := range []*[]*stream{&n.streams.consumed, &n.streams.touched, &n.streams.incoming.items} {
		*list = slices.Clone(*list)
		for i, st := range *list {
			(*list)[i] = move(st)
		}
	}
	return &n
}

func cloneInbox(in *inbox) {
	in.blocks = cloneBlocks(in.blocks)
	in.partial = slices.Clone(in.partial)
}

func cloneBlocks(q queue[*block]) queue[*block] {
	q.items = slices.Clone(q.items)
	for i, b := range q.items {
		if b != nil {
			b.pins = 1 // never pooled: siblings share its bytes
			n := *b
			q.items[i] = &n
		}
	}
	return q
}

func (w *world) carrier(n uint64, dialer incarnation) *carrier {
	for i := range w.carriers {
		if w.carriers[i].n == n && w.carriers[i].dialer == dialer {
			return &w.carriers[i]
		}
	}
	panic(fmt.Sprintf("no connection %d", n))
}

// linkOf returns the connection that s is bound to, or nil.
func (w *world) linkOf(s side) *carrier {
	for i := range w.carriers {
		if w.carriers[i].up[s] {
			return &w.carriers[i]
		}
	}
	return nil
}

// drop closes a connection on one side. The other may read on or find it closed at any point.
func (k *carrier) drop(s side, farewell []byte) {
	if farewell != nil && !k.broken {
		k.toward[s.other()] = append(k.toward[s.other()], farewell)
	}
	k.up[s], k.gone[s], k.broken = false, true, true
	k.toward[s] = nil
}

// sweep does what a driver does after each step, and forgets what is over.
func (w *world) sweep() {
	for s := range w.ends {
		c := w.ends[s].c
		if c == nil {
			continue
		}
		if k := w.linkOf(side(s)); k != nil && (c.link != linkUp || c.linkID != k.n) {
			k.drop(side(s), c.out.farewell)
			c.out.farewell = nil
		}
		if side(s) == sideB && c.phase == phaseEnded && len(w.graves) == 0 {
			w.bury(c)
		}
		settleTimes(c)
	}
	w.carriers = slices.DeleteFunc(w.carriers, func(k carrier) bool { return k.gone[sideA] && k.gone[sideB] })
}

// bury lets the acceptor, as it is in package session, forget a session that has ended.
func (w *world) bury(c *core) {
	s := &Session{id: c.id, core: c}
	acc := &Acceptor{sessions: map[ID]*Session{c.id: s}}
	acc.forget(s)
	if g, ok := acc.graves.find(c.id); ok {
		w.graves = []epitaph{g}
	}
}

// settleTimes forgets when things happened; that they are due is what remains.
func settleTimes(c *core) {
	set := func(t *time.Time, to time.Time) {
		if !t.IsZero() {
			*t = to
		}
	}
	set(&c.lostAt, epoch)
	set(&c.rx.ackDue, epoch.Add(ackDelay))
	set(&c.live.lastInbound, epoch)
	set(&c.live.ackWait, epoch)
	set(&c.live.probe.sentAt, epoch)
	set(&c.live.probe.deadline, epoch.Add(maxProbe))
	set(&c.live.probe.look, epoch.Add(maxProbe))
	set(&c.streams.progressAt, epoch)
	c.streams.toldAt = epoch
	c.streams.all(func(st *stream) { set(&st.measuredAt, epoch) })
	set(&c.redial.next, epoch)
	set(&c.redial.outageStart, epoch)
	set(&c.redial.linkSince, epoch)
	c.redial.eagerTries, c.redial.calmTries, c.redial.shortLinks = 0, 0, 0
	c.live.rtt, c.live.lull, c.armed = 0, 0, time.Time{}
	c.changes = nil
	for _, st := range c.streams.touched {
		st.touched = false
	}
	c.streams.touched = nil
}
