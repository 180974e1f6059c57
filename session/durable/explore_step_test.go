package durable

import (
	"fmt"
	"slices"
)

type actionKind uint8

const (
	doSend actionKind = iota
	doSync
	doTransmit
	doControl
	doData
	doReply
	doCommit
	doAttach
	doLose
	doRestart
	doSnapshot
	doRollback
	doClone
)

// action is one step: of a process, or of what a session brings to one of its ends.
type action struct {
	kind    actionKind
	place   place // or the session's end
	session int8
	keep    bool // what was staged is found on the disk
}

func (a action) String() string {
	names := [...]string{"send", "sync", "transmit", "control", "data", "reply", "commit", "attach", "lose", "restart",
		"snapshot", "rollback", "clone"}
	return fmt.Sprintf("%s: process or end %d, session %d, staged kept: %t", names[a.kind], a.place, a.session, a.keep)
}

// choices lists what can happen next.
func (e *explorer) choices(w *world, list []action) []action {
	for i := range w.processes {
		list = e.ofProcess(w, place(i), list)
	}
	for i := range w.sessions {
		s := &w.sessions[i]
		if s.up && w.left.losses > 0 {
			list = append(list, action{kind: doLose, session: int8(i)})
		}
		for j := range s.ends {
			list = w.ofEnd(int8(i), place(j), list)
		}
	}
	if w.left.sessions > 0 {
		for i := range w.processes { // of side 0, each with the first of side 1 and its copies
			for j := range w.processes {
				if w.processes[i].side == 0 && w.processes[j].side == 1 && w.joinable(place(i), place(j)) && (!e.calm || !w.anyUp()) {
					list = append(list, action{kind: doAttach, place: place(i), session: int8(j)})
				}
			}
		}
	}
	return list
}

// joinable: a session comes after another one only if that was lost or is a rival.
func (w *world) joinable(a, b place) bool {
	if w.processes[a].dead != nil || w.processes[b].dead != nil {
		return false
	}
	for i := range w.sessions {
		if s := &w.sessions[i]; s.ends[0].at == a && s.ends[1].at == b && s.up && s.ends[0].open && s.ends[1].open &&
			(!s.ends[0].admitted || !s.ends[1].admitted) {
			return false // wait for it
		}
	}
	return true
}

func (w *world) anyUp() bool {
	return slices.ContainsFunc(w.sessions, func(s joined) bool { return s.up })
}

func (e *explorer) ofProcess(w *world, at place, list []action) []action {
	p, l := &w.processes[at], &w.left
	if l.restarts[p.side] > 0 {
		list = append(list, action{kind: doRestart, place: at})
		if len(p.staged) > 0 {
			list = append(list, action{kind: doRestart, place: at, keep: true})
		}
	}
	if l.snapshots[p.side] > 0 && len(p.staged) == 0 {
		list = append(list, action{kind: doSnapshot, place: at})
	}
	if l.rollbacks[p.side] > 0 && w.snapshots[p.side] != nil {
		list = append(list, action{kind: doRollback, place: at})
	}
	if l.clones[p.side] > 0 && len(w.processes) == 2 && len(p.staged) == 0 {
		list = append(list, action{kind: doClone, place: at})
	}
	if len(p.staged) > 0 {
		list = append(list, action{kind: doSync, place: at})
	}
	if p.dead != nil || p.failed != nil {
		return list
	}
	if p.sent() < int(l.sends[p.side]) {
		list = append(list, action{kind: doSend, place: at})
	}
	if p.rx.next.Next > p.committing() {
		list = append(list, action{kind: doCommit, place: at})
	}
	return list
}

func (w *world) ofEnd(session int8, at place, list []action) []action {
	s := &w.sessions[session]
	e := &s.ends[at]
	p := &w.processes[e.at]
	if !e.open {
		return list
	}
	if len(e.control) > 0 && !w.busy(e.at) {
		list = append(list, action{kind: doControl, place: at, session: session})
	}
	if !e.admitted || p.dead != nil || p.failed != nil {
		return list
	}
	if p.current == session && s.up {
		if committed, end := p.bounds(); e.tx.move(committed, end) != sendNothing {
			list = append(list, action{kind: doTransmit, place: at, session: session})
		}
	}
	if len(e.data) > 0 {
		list = append(list, action{kind: doData, place: at, session: session})
	}
	if len(e.replies) > 0 {
		list = append(list, action{kind: doReply, place: at, session: session})
	}
	return list
}

// busy: one hello at a time is judged and made durable.
func (w *world) busy(at place) bool {
	for _, s := range w.processes[at].staged {
		if s.kind == stagedParty {
			return true
		}
	}
	return false
}

// do takes a step.
func (e *explorer) do(w *world, a action) {
	switch a.kind {
	case doAttach:
		e.attach(w, a.place, place(a.session))
		w.left.sessions--
		return
	case doLose:
		w.left.losses--
		w.sessions[a.session].up = false
		if !e.late {
			e.drop(w, a.session)
		}
		return
	case doTransmit:
		e.transmit(w, a.session, a.place)
		return
	case doControl:
		e.control(w, a.session, a.place)
		return
	case doData:
		e.data(w, a.session, a.place)
		return
	case doReply:
		e.reply(w, a.session, a.place)
		return
	}
	p := &w.processes[a.place]
	switch a.kind {
	case doSend:
		for again := true; again; again = e.calm && p.sent() < int(w.left.sends[p.side]) {
			p.staged = append(p.staged, staged{kind: stagedSend, payload: byte(w.distinct()<<4) | byte(p.sent())})
		}
		if e.quickDisk {
			e.sync(w, a.place)
		}
	case doCommit:
		p.staged = append(p.staged, staged{kind: stagedCommit, cursor: p.rx.next, applied: p.got})
		if e.quickDisk {
			e.sync(w, a.place)
		}
	case doSync:
		e.sync(w, a.place)
	case doRestart:
		w.left.restarts[p.side]--
		w.kill(a.place, a.keep)
		*p = w.boot(p.side, p.disk)
	case doSnapshot:
		w.left.snapshots[p.side]--
		d := p.disk
		w.snapshots[p.side] = &d
	case doRollback:
		w.left.rollbacks[p.side]--
		w.kill(a.place, false)
		w.forged = true
		d := *w.snapshots[p.side]
		d.party.self.generation += uint64(e.opened) // somebody has looked at it
		*p = w.boot(p.side, d)
	case doClone:
		w.left.clones[p.side]--
		w.forged = true
		d := p.disk
		d.party.self.generation -= uint64(e.behind) // the copy was made before the original was opened
		w.processes = append(w.processes, w.boot(p.side, d))
	}
}

// kill ends a process. What comes to it afterwards reaches nobody.
func (w *world) kill(at place, keep bool) {
	p := &w.processes[at]
	if keep {
		for _, s := range p.staged {
			p.disk.apply(s)
		}
	}
	for i := range w.sessions {
		s := &w.sessions[i]
		for j := range s.ends {
			if s.ends[j].at == at {
				s.ends[j] = end{at: at}
				s.up = false
			}
		}
	}
}

func (e *explorer) attach(w *world, a, b place) {
	s := joined{up: true, ends: [2]end{{at: a, open: true}, {at: b, open: true}}}
	for i := range s.ends {
		p := &w.processes[s.ends[i].at]
		p.begun++
		s.ends[i].number = p.begun
		h := p.party.hello()
		s.ends[1-i].control = []string{string(h.append(nil))}
	}
	w.sessions = append(w.sessions, s)
	if !e.late {
		for i := range s.ends {
			e.control(w, int8(len(w.sessions)-1), place(i))
		}
	}
}

// drop loses what is in flight.
func (e *explorer) drop(w *world, session int8) {
	for i := range w.sessions[session].ends {
		w.leave(&w.sessions[session].ends[i])
	}
}

// sync makes durable what is staged, and lets happen what waited for that.
func (e *explorer) sync(w *world, at place) {
	p := &w.processes[at]
	all := p.staged
	p.staged = nil
	for _, s := range all {
		p.disk.apply(s)
		switch s.kind {
		case stagedCommit:
			p.rx.committed = later(s.cursor, p.rx.committed)
		case stagedParty:
			w.admitted(at, s.session, s.party)
		}
	}
	e.tell(w, at)
}

// admitted is the second half of attachment.admit.
func (w *world) admitted(at place, session int8, after party) {
	p := &w.processes[at]
	p.party = after
	for i := range w.sessions[session].ends {
		if end := &w.sessions[session].ends[i]; end.at == at && end.open {
			p.current, p.latest, end.admitted = session, end.number, true
		}
	}
}

// tell is arriving.tell, at once: what is lost with a session might as well not have been said.
func (e *explorer) tell(w *world, at place) {
	p := &w.processes[at]
	if p.current < 0 || p.failed != nil || p.dead != nil {
		return
	}
	s := &w.sessions[p.current]
	for i := range s.ends {
		end := &s.ends[i]
		if end.at != at || !end.lane || !s.up || end.toldOnce && end.told == p.rx.committed {
			continue
		}
		if p.rx.committed.Next > p.disk.committed.Next {
			e.fail("a commit is told before it is on disk")
		}
		e.fenced(p, end)
		end.told, end.toldOnce = p.rx.committed, true
		if peer := &s.ends[1-i]; peer.open {
			peer.replies = append(peer.replies, string(appendCommitted(nil, end.told)))
			if q := &w.processes[peer.at]; !e.late && peer.admitted && q.failed == nil && q.dead == nil {
				e.reply(w, p.current, place(1-i))
			}
		}
	}
}
