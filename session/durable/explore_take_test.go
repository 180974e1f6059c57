package durable

import (
	"slices"
	"strings"

	"github.com/standardbeagle/brum/errors"
)

// transmit is a turn of attachment.pump.
func (e *explorer) transmit(w *world, session int8, at place) {
	s := &w.sessions[session]
	from, to := &s.ends[at], &s.ends[1-at]
	p := &w.processes[from.at]
	e.fenced(p, from)
	for turn := 0; ; turn++ {
		if turn > 2*e.messages()+2 {
			e.fail("there is no end of sending")
		}
		committed, end := p.bounds()
		var msg []byte
		switch from.tx.move(committed, end) {
		case sendNothing:
			return
		case sendStart:
			msg = from.tx.start(committed, end).append(nil)
		case sendData:
			index := from.tx.next
			if !from.tx.sends(index) || index < p.base {
				e.fail("message %d is sent, the log begins at %d", index, p.base)
			}
			msg = []byte{byte(typeData), p.disk.log[index]}
		}
		if to.open {
			to.data, to.log = append(to.data, string(msg)), p.disk.log
		}
		if e.late {
			return
		}
	}
}

// fenced: nothing is said to a peer whose generation is not on disk.
func (e *explorer) fenced(p *process, to *end) {
	if p.disk.party.peer.generation < to.peer.generation {
		e.fail("generation %d is answered, %d is on disk", to.peer.generation, p.disk.party.peer.generation)
	}
}

func shift(list *[]string) []byte {
	m := (*list)[0]
	*list = slices.Clone((*list)[1:])
	return []byte(m)
}

// control is attachment.heard.
func (e *explorer) control(w *world, session int8, at place) {
	s := &w.sessions[session]
	here, there := &s.ends[at], &s.ends[1-at]
	p := &w.processes[here.at]
	msg := shift(&here.control)
	if messageType(msg[0]) == typeRefuse {
		p.dead = parseRefusal("", msg[1:])
		e.refused(w, p.dead)
		w.leave(here)
		return
	}
	h, err := parseHello(msg[1:])
	if err != nil {
		e.fail("hello: %v", err)
	}
	if here.peer = h.self; here.number < p.latest {
		w.leave(here) // replaced
		return
	}
	after, err := p.party.judge(h)
	if refusal, ok := errors.AsType[*RefusedError](err); ok {
		e.refused(w, refusal)
		if refusal.ByPeer {
			p.dead = refusal
		} else if there.open {
			there.control = append(there.control, string(appendRefusal(nil, refusal)))
		}
		w.leave(here)
		return
	}
	if after == p.party {
		w.admitted(here.at, session, after)
		return
	}
	p.staged = append(p.staged, staged{kind: stagedParty, party: after, session: session})
	if e.quickDisk {
		e.sync(w, here.at)
	}
}

func (w *world) leave(e *end) { *e = end{at: e.at} }

// data is arriving.take, when the application receives.
func (e *explorer) data(w *world, session int8, at place) {
	here := &w.sessions[session].ends[at]
	p := &w.processes[here.at]
	msg := shift(&here.data)
	here.lane = true
	if !p.rx.admits(here.number) {
		return // late
	}
	e.tell(w, here.at)
	var err error
	if messageType(msg[0]) == typeFrom {
		var f from
		if f, err = parseFrom(msg[1:]); err == nil {
			err = p.rx.begin(&here.arriving, f)
		}
	} else {
		var fresh bool
		if fresh, err = p.rx.take(&here.arriving, msg[1:]); fresh {
			p.got += string(msg[1:])
			if !strings.HasPrefix(here.log, p.got) {
				e.fail("%x was received, the sender has sent %x", p.got, here.log)
			}
			if e.calm && p.side == 1 {
				e.do(w, action{kind: doCommit, place: here.at})
			}
		}
	}
	e.stream(w, session, at, err)
}

// reply is attachment.onCommitted. That it comes from a former session is no matter here:
// production drops it when it can tell, and must not depend on it.
func (e *explorer) reply(w *world, session int8, at place) {
	here := &w.sessions[session].ends[at]
	p := &w.processes[here.at]
	msg := shift(&here.replies)
	if messageType(msg[0]) == typeRefuse {
		p.failed = parseRefusal("x", msg[1:])
		e.refused(w, p.failed)
		return
	}
	c, err := parseCommitted(msg[1:])
	if err != nil {
		e.fail("commit: %v", err)
	}
	committed, end := p.bounds()
	known := c.Next >= p.base && c.Next <= end.Next
	var d uint64
	if known {
		d = digest(p.disk.log[:c.Next])
	}
	news, err := judgeCommitted(c, committed, end, d, known)
	if err == nil && news {
		p.base = c.Next
		p.staged = append(p.staged, staged{kind: stagedTrim, trim: c.Next})
		if e.calm {
			e.sync(w, here.at)
		}
	}
	e.stream(w, session, at, err)
}

// stream is Stream.fail and what the peer hears of it.
func (e *explorer) stream(w *world, session int8, at place, err error) {
	refusal, ok := errors.AsType[*RefusedError](err)
	if !ok {
		if err != nil {
			e.fail("%v", err)
		}
		return
	}
	e.refused(w, refusal)
	s := &w.sessions[session]
	w.processes[s.ends[at].at].failed = refusal
	if peer := &s.ends[1-at]; s.up && peer.open && !refusal.ByPeer {
		peer.replies = append(peer.replies, string(appendRefusal(nil, refusal)))
	}
}

// refused judges a refusal: where no journal was tampered with there is none.
func (e *explorer) refused(w *world, refusal *RefusedError) {
	honest := refusal.Reason == ReasonRolledBack || refusal.Reason == ReasonCloned || refusal.Reason == ReasonDigest
	if !w.forged || !honest {
		e.fail("refused: %v", refusal)
	}
	e.reasons[refusal.Reason]++
}
