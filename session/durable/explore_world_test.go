package durable

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/standardbeagle/brum/session/journal"
)

// The exploration drives the real decisions (party, sender, receiver, judgeCommitted and the
// codecs) through every interleaving of what can happen to two sides within bounds. This file
// holds the world that it moves through: the disks, the memory of the processes, and what is
// in flight on the lanes of their sessions.

// place numbers a process that uses a journal of one of the sides; copies come last.
type place int8

// disk is what is durable in a journal.
type disk struct {
	party     party
	log       string // every message ever sent, a byte each
	base      uint64 // the messages below were dropped
	committed journal.Cursor
	applied   string // what the application's committed state contains
}

// staged is something on its way to the disk. They get there in order, all at once, or in a
// crash not at all.
type staged struct {
	kind    stagedKind
	payload byte
	trim    uint64
	cursor  journal.Cursor
	applied string
	party   party
	session int8
}

type stagedKind uint8

const (
	stagedSend stagedKind = iota
	stagedTrim
	stagedCommit
	stagedParty
)

// process is one life of a side: its disk and its memory.
type process struct {
	side    int8
	disk    disk
	staged  []staged
	party   party
	base    uint64
	rx      receiver
	got     string // handed to the application, from message 0 on
	begun   uint64 // sessions
	latest  uint64 // that was admitted
	current int8   // session; -1 for none
	failed  *RefusedError
	dead    *RefusedError // the whole channel
}

// end is what a session has of one side.
type end struct {
	at       place
	open     bool   // the process lives and takes part
	peer     life   // as its hello said
	number   uint64 // as the process counts its sessions
	admitted bool
	lane     bool // the peer's lane has come
	tx       sender
	arriving arrival
	told     journal.Cursor
	toldOnce bool
	log      string // what the peer's lane to this side was sent from

	// in flight toward this side, each on a lane of its own
	control, data, replies []string
}

type joined struct {
	up   bool // else what is in flight may still arrive
	ends [2]end
}

// allowance is what may still happen.
type allowance struct {
	sends, restarts                      [2]int8
	sessions, losses                     int8
	snapshots, rollbacks, copies, clones [2]int8
}

type world struct {
	processes []process
	sessions  []joined
	snapshots [2]*disk
	lives     uint64
	left      allowance
	forged    bool // a journal was rolled back or copied
	by        *step
}

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
	n.processes = slices.Clone(w.processes)
	for i := range n.processes {
		n.processes[i].staged = slices.Clip(n.processes[i].staged)
	}
	n.sessions = slices.Clone(w.sessions)
	for i := range n.sessions {
		for e := range n.sessions[i].ends {
			in := &n.sessions[i].ends[e]
			in.control, in.data, in.replies = slices.Clip(in.control), slices.Clip(in.data), slices.Clip(in.replies)
		}
	}
	return &n
}

func digest(log string) (d uint64) {
	for i := range len(log) {
		d = journal.Extend(d, []byte{log[i]})
	}
	return d
}

func cursorOf(log string) journal.Cursor {
	return journal.Cursor{Next: uint64(len(log)), Digest: digest(log)}
}

// bounds is store.bounds: only what is durable is there to be sent.
func (p *process) bounds() (committed, end journal.Cursor) {
	return cursorOf(p.disk.log[:p.base]), cursorOf(p.disk.log)
}

// sent is the length of the log with what is staged.
func (p *process) sent() (n int) {
	n = len(p.disk.log)
	for _, s := range p.staged {
		if s.kind == stagedSend {
			n++
		}
	}
	return n
}

// committing is the latest commit, durable or not.
func (p *process) committing() uint64 {
	for _, s := range slices.Backward(p.staged) {
		if s.kind == stagedCommit {
			return s.cursor.Next
		}
	}
	return p.disk.committed.Next
}

// apply brings a mark to the disk.
func (d *disk) apply(s staged) {
	switch s.kind {
	case stagedSend:
		d.log += string([]byte{s.payload})
	case stagedTrim:
		d.base = max(d.base, s.trim)
	case stagedCommit:
		d.committed, d.applied = s.cursor, s.applied
	case stagedParty:
		d.party.relation, d.party.peer = s.party.relation, s.party.peer
	}
}

// boot begins a life from a disk, as New does.
func (w *world) boot(side int8, d disk) process {
	d.party.self.generation++
	w.lives++
	p := process{side: side, disk: d, party: d.party, base: d.base, got: d.applied, current: -1}
	p.party.self.nonce = w.distinct()
	p.rx = receiver{next: d.committed, committed: d.committed}
	return p
}

// distinct is another number in each life that may compete with another one. Elsewhere worlds
// that differ in it only would be the same.
func (w *world) distinct() uint64 {
	if w.forged {
		return w.lives
	}
	return 0
}

// settle forgets what can have no effect any more.
func (w *world) settle() {
	for i := range w.sessions {
		s := &w.sessions[i]
		s.up = s.up && s.ends[0].open && s.ends[1].open
		for j := range s.ends {
			e := &s.ends[j]
			if !s.up && len(e.control)+len(e.data)+len(e.replies) == 0 && !w.waits(int8(i), e.at) {
				*e = end{at: e.at}
			}
		}
	}
	for i := range w.processes {
		if p := &w.processes[i]; p.current >= 0 && !w.sessions[p.current].up {
			p.current = -1
		}
	}
}

// waits reports whether a process is making a peer's hello on a session durable.
func (w *world) waits(session int8, at place) bool {
	for _, s := range w.processes[at].staged {
		if s.kind == stagedParty && s.session == session {
			return true
		}
	}
	return false
}

// form writes everything that tells worlds apart.
func (w *world) form(b []byte) []byte {
	for i := range w.processes {
		b = w.processes[i].form(b)
	}
	for i := range w.sessions {
		s := &w.sessions[i]
		b = fmt.Appendf(b, "|%t", s.up)
		for e := range s.ends {
			b = s.ends[e].form(b)
		}
	}
	for _, d := range w.snapshots {
		if d != nil {
			b = d.form(append(b, 's'))
		}
		b = append(b, '/')
	}
	l := &w.left
	for _, v := range [...][2]int8{l.sends, l.restarts, {l.sessions, l.losses}, l.snapshots, l.rollbacks, l.copies, l.clones} {
		b = append(b, byte(v[0]), byte(v[1]))
	}
	return b
}

func (p *process) form(b []byte) []byte {
	b = p.disk.form(append(b, '\n', byte(p.side), byte(p.current)))
	for _, s := range p.staged {
		b = append(b, byte(s.kind), s.payload, byte(s.trim), byte(s.session))
		b = formCursor(b, s.cursor)
		b = formParty(b, s.party)
		b = append(append(b, s.applied...), ';')
	}
	b = formParty(b, p.party)
	b = append(b, byte(p.base), byte(p.begun), byte(p.latest), byte(p.rx.session))
	b = formCursor(formCursor(b, p.rx.next), p.rx.committed)
	b = append(append(b, p.got...), ';')
	for _, e := range []*RefusedError{p.failed, p.dead} {
		if e != nil {
			b = append(b, byte(e.Reason))
		}
		b = append(b, '!')
	}
	return b
}

func (d *disk) form(b []byte) []byte {
	b = formParty(b, d.party)
	b = append(append(b, d.log...), ';', byte(d.base))
	b = formCursor(b, d.committed)
	return append(append(b, d.applied...), ';')
}

func (e *end) form(b []byte) []byte {
	b = append(b, byte(e.at), flag(e.open), byte(e.peer.generation), byte(e.peer.nonce), byte(e.number), flag(e.admitted), flag(e.lane), flag(e.tx.begun), byte(e.tx.next),
		flag(e.arriving.begun), flag(e.toldOnce))
	b = formCursor(formCursor(b, e.arriving.at), e.told)
	b = append(append(b, e.log...), ';')
	for _, list := range [][]string{e.control, e.data, e.replies} {
		for _, m := range list {
			b = append(append(b, byte(len(m))), m...)
		}
		b = append(b, ';')
	}
	return b
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func formCursor(b []byte, c journal.Cursor) []byte {
	return binary.BigEndian.AppendUint64(append(b, byte(c.Next)), c.Digest)
}

func formParty(b []byte, p party) []byte {
	return append(b, p.relation[0], byte(p.self.generation), byte(p.self.nonce), byte(p.peer.generation), byte(p.peer.nonce))
}
