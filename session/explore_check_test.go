package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/standardbeagle/brum/errors"
)

// What has to hold in every world that the exploration reaches.

// check looks at a world that was not seen before.
func (e *explorer) check(w *world) {
	for s := range w.ends {
		if x := &w.ends[s]; x.c != nil {
			e.checkLog(x, side(s))
			e.checkReceived(x, side(s))
			e.checkLink(w, side(s))
			e.checkStale(x.c, side(s))
			e.checkEnd(w, side(s))
		}
	}
	if w.paired() {
		e.checkDirection(w, sideA)
		e.checkDirection(w, sideB)
	}
}

// paired: the two cores are ends of the same session, in the same lives.
func (w *world) paired() bool {
	a, b := w.ends[sideA].c, w.ends[sideB].c
	return b != nil && b.peer == a.self && (a.peer == 0 || a.peer == b.self)
}

// checkLog: the replay buffer holds what is unacknowledged, no more and no less (S5).
func (e *explorer) checkLog(x *endpoint, who side) {
	c := x.c
	if c.log.next != uint64(x.done) || c.log.acked > c.log.sent || c.log.sent > c.log.next {
		e.fail("%v: acked %d, sent %d, next %d after %d steps", who, c.log.acked, c.log.sent, c.log.next, x.done)
	}
	held, want := 0, c.log.acked
	for i := range c.log.blocks.len() {
		held += cap(c.log.blocks.at(i).buf)
	}
	c.log.each(func(seq uint64, f sequencedFrame) {
		if seq != want || !strings.HasSuffix(string(f.body), e.script[who][seq].body) || f.typ != e.script[who][seq].typ {
			e.fail("%v keeps frame %d as %d: %q", who, seq, want, f.body)
		}
		want++
	})
	if c.phase != phaseEnded && want != c.log.next {
		e.fail("%v keeps frames up to %d of %d", who, want, c.log.next)
	}
	if c.log.unacked() == 0 && c.log.blocks.len() > 0 {
		e.fail("%v keeps what was acknowledged", who)
	}
	if used := c.cfg.Budget.Used(); held != c.log.held || used != held {
		e.fail("%v holds %d bytes, counts %d, took %d of the budget", who, held, c.log.held, used)
	}
}

// arrivals is what the peer's application gets from the first n steps, as consume notes it.
func (e *explorer) arrivals(from side, n uint64) (list []string) {
	n = min(n, uint64(len(e.script[from])))
	if known, ok := e.arrived[from][n]; ok {
		return known
	}
	defer func() { e.arrived[from][n] = list }()
	joined := map[uint64]string{}
	for _, f := range e.script[from][:n] {
		switch f.typ {
		case frameMessage:
			list = append(list, fmt.Sprintf("%d:%s", f.stream, f.body))
		case frameOpen:
			list = append(list, fmt.Sprintf("%d:open %s", f.stream, f.body))
		case frameFirst, frameFragment:
			if joined[f.stream] += f.body; len(joined[f.stream]) == f.total {
				list = append(list, fmt.Sprintf("%d:%s", f.stream, joined[f.stream]))
				delete(joined, f.stream)
			}
		}
	}
	return list
}

// checkReceived: the application gets what was sent, in order within each stream, once (S1, S2).
func (e *explorer) checkReceived(x *endpoint, who side) {
	want := e.arrivals(who.other(), x.c.rx.next)
	if !e.lazy && len(x.got) != len(want) {
		e.fail("%v has received up to %d, its application got %q", who, x.c.rx.next, x.got)
	}
	if slices.Equal(x.got, want) { // as it is with one stream
		return
	}
	for id := range uint64(3) {
		mine := func(list []string) (of []string) {
			for _, m := range list {
				if strings.HasPrefix(m, strconv.FormatUint(id, 10)+":") {
					of = append(of, m)
				}
			}
			return of
		}
		got, all := mine(x.got), mine(want)
		if len(got) > len(all) || strings.Join(got, "|") != strings.Join(all[:len(got)], "|") {
			e.fail("%v got %q on stream %d, sent were %q", who, got, id, all)
		}
	}
}

// checkLink: a side is bound to one connection, its core's link, and says so (S6).
func (e *explorer) checkLink(w *world, who side) {
	c, bound := w.ends[who].c, 0
	for i := range w.carriers {
		if w.carriers[i].up[who] {
			bound++
		}
	}
	if k := w.linkOf(who); bound > 1 || (bound == 1) != (c.link == linkUp) || (k != nil && k.n != c.linkID) {
		e.fail("%v is bound to %d connections, its core's link is %d in phase %d", who, bound, c.linkID, c.link)
	}
	if got := c.state(epoch); got != c.published {
		e.fail("%v is %v and says %v", who, got, c.published)
	}
	if c.linkID > c.attempt {
		e.fail("%v has link %d, the highest attempt is %d", who, c.linkID, c.attempt)
	}
}

// checkStale: whatever comes from another link than the current one changes nothing (S6).
func (e *explorer) checkStale(c *core, who side) {
	before := e.coreForm(c)
	for n := range c.attempt + 3 {
		if n == c.linkID && c.link != linkNone && c.phase != phaseEnded {
			continue
		}
		p := appendReason(nil, frameEnd, "", c.rx.next, 0, 0)
		p = appendControl(p, frameAck, c.log.next)
		p = appendControl(p, frameSeq, c.rx.next)
		p = append(appendSequencedHead(p, frameMessage, mainStream, 5), "stale"...)
		if _, err := c.receive(epoch, n, &block{buf: p}); err != nil {
			e.fail("%v listens to link %d: %v", who, n, err)
		}
		c.linkLost(epoch, n, TriggerError, errCut)
		if who == sideB && c.bound(epoch, n) {
			e.fail("%v binds attempt %d", who, n)
		}
	}
	if c.phase == phaseEnded {
		c.tick(epoch.Add(100 * DefaultDetachedFor))
		c.nudge(epoch, TriggerWake)
		c.close(epoch)
	}
	if e.coreForm(c) != before {
		e.fail("%v was changed by what is stale", who)
	}
}

// checkDirection: both sides agree about what went one way.
func (e *explorer) checkDirection(w *world, from side) {
	x, y := w.ends[from].c, w.ends[from.other()].c
	if x.log.acked > y.rx.next || y.rx.next > x.log.next {
		e.fail("%v has sent %d, knows that %d arrived; %d did", from, x.log.next, x.log.acked, y.rx.next)
	}
	if x.phase == phaseEnded {
		return
	}
	if d, ok := x.log.digestAt(y.rx.next); !ok || d != y.rx.digest.Sum64() {
		e.fail("the digests of what %v sent differ at %d", from, y.rx.next)
	}
}

// sentMessage is a whole message of a script, as the frames first to last.
type sentMessage struct {
	first, last uint64
	body        string
}

func (e *explorer) sent(who side, n int) (list []sentMessage) {
	open := map[uint64]*sentMessage{}
	for i, f := range e.script[who][:n] {
		switch f.typ {
		case frameMessage:
			list = append(list, sentMessage{uint64(i), uint64(i), f.body})
		case frameFirst:
			open[f.stream] = &sentMessage{first: uint64(i), body: f.body}
		case frameFragment:
			m := open[f.stream]
			m.body += f.body
			if m.last = uint64(i); len(m.body) == f.total {
				list = append(list, *m)
			}
		}
	}
	return list
}

// checkEnd: a session ends for a cause, typed, and what it says of each message is true (S4).
func (e *explorer) checkEnd(w *world, who side) {
	c := w.ends[who].c
	if c.phase != phaseEnded {
		return
	}
	restarted := w.left.restarts != e.left.restarts
	closed := w.left.closes != e.left.closes
	peer := w.ends[who.other()].c
	paired := w.paired()
	if !restarted && !closed {
		e.fail("%v ended without a cause: %v", who, c.end.err)
	}
	lost, ok := errors.AsType[*LostError](c.end.err)
	if !ok {
		if c.end.orderly && paired && peer.rx.next != c.log.next {
			e.fail("%v closed in an orderly way: %d of %d were received", who, peer.rx.next, c.log.next)
		}
		if !c.end.orderly {
			e.fail("%v ended with %v", who, c.end.err)
		}
		return
	}
	switch lost.Reason {
	case ReasonPeerClosed:
		if paired && c.rx.next != peer.log.next {
			e.fail("%v has received %d of %d and takes that for all", who, c.rx.next, peer.log.next)
		}
	case ReasonPeerAborted:
		if !restarted && c.rx.next == peer.log.next {
			e.fail("%v has received everything and takes a close for less", who)
		}
	case ReasonExpired:
		if !w.left.over() {
			e.fail("%v has expired", who)
		}
	case ReasonStateLost, ReasonSuperseded:
		if !restarted {
			e.fail("%v ended by %v although nobody restarted", who, lost.Reason)
		}
	default:
		e.fail("%v ended by %v", who, lost)
	}
	i := 0
	for _, m := range e.sent(who, w.ends[who].done) {
		if m.last < c.log.acked {
			if paired && peer.rx.next <= m.last {
				e.fail("%v takes %q for received", who, m.body)
			}
			continue
		}
		if i == len(lost.Unsettled) {
			e.fail("%v gives no verdict on %q", who, m.body)
		}
		u := lost.Unsettled[i]
		i++
		if u.Size != len(m.body) || (m.first >= c.log.acked) != (u.Payload != nil) || (u.Payload != nil && string(u.Payload) != m.body) {
			e.fail("%v gives a verdict on %q instead of %q", who, u.Payload, m.body)
		}
		known := lost.Reason == ReasonPeerClosed || lost.Reason == ReasonPeerAborted
		if known && u.Verdict == Unknown {
			e.fail("%v does not know of %q although its peer left word", who, m.body)
		}
		if paired && (u.Verdict == Committed && peer.rx.next <= m.last || u.Verdict == NotReceived && peer.rx.next > m.last) {
			e.fail("%v says of %q: %v; %d frames were received", who, m.body, u.Verdict, peer.rx.next)
		}
		if who == sideA && peer != nil && peer.peer != c.self && w.left.restarts[sideB] == e.left.restarts[sideB] && u.Verdict != Unknown {
			e.fail("%v says of %q: %v; its peer speaks of what a former life had sent", who, m.body, u.Verdict)
		}
	}
	if i != len(lost.Unsettled) {
		e.fail("%v gives %d verdicts on %d messages", who, len(lost.Unsettled), i)
	}
}

// over marks the world of finish, in which retention may end.
func (a *allowance) over() bool { return a.dials < 0 }

// quiet: no connection and no attempt is under way.
func (w *world) quiet() bool { return len(w.carriers) == 0 && len(w.attempts) == 0 }

// finish lets everything that is under way come to its end without further trouble. Then all
// has arrived, or both sides have ended (S2, S4).
func (e *explorer) finish(w *world) {
	e.at = w
	w.left = allowance{restarts: w.left.restarts, closes: w.left.closes}
	for steps := 0; ; steps++ {
		if steps == 1000 {
			e.fail("it never settles")
		}
		a, b := w.ends[sideA].c, w.ends[sideB].c
		w.left.dials = 0
		if len(w.attempts) == 0 && a.link == linkNone {
			w.left.dials = 1
		}
		next, ok := e.benign(w)
		if ok {
			w.by = &step{w.by, next}
			e.do(w, next)
			continue
		}
		w.left.dials = -1
		if a.phase == phaseEnded && b != nil && b.phase != phaseEnded {
			if b.link != linkNone {
				e.fail("A has ended, B has a link still")
			}
			b.tick(epoch.Add(DefaultDetachedFor))
			w.sweep()
			if b.phase != phaseEnded && b.everLinked {
				e.fail("B does not expire")
			}
		}
		break
	}
	e.check(w)
	a, b := &w.ends[sideA], &w.ends[sideB]
	if a.c.phase == phaseEnded {
		return
	}
	if b.c == nil || b.c.phase == phaseEnded {
		e.fail("B has ended, A never will")
	}
	if a.c.link != linkUp || b.c.link != linkUp || a.c.linkID != b.c.linkID || !w.paired() {
		e.fail("the sides are not linked: %d and %d", a.c.linkID, b.c.linkID)
	}
	if a.c.phase != phaseOpen || b.c.phase != phaseOpen {
		e.fail("closing takes for ever")
	}
	for s, x := range []*endpoint{a, b} {
		y := w.ends[side(s).other()].c
		if x.done != len(e.script[s]) || y.rx.next != uint64(x.done) || x.c.log.unacked() != 0 {
			e.fail("%v: %d steps sent, %d received, %d acknowledged", side(s), x.done, y.rx.next, x.c.log.acked)
		}
	}
}

// benign finds something to go on with that is no trouble. The closes and restarts that are
// left do not happen any more.
func (e *explorer) benign(w *world) (action, bool) {
	for _, a := range e.choices(w, nil) {
		switch a.what {
		case happenRequestLost, happenReplyLost, happenRestart, happenClose, happenAbort:
		default:
			return a, true
		}
	}
	return action{}, false
}
