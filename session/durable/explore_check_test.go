package durable

import "strings"

// check looks at a world that has just come about.
func (e *explorer) check(w *world) {
	for i := range w.processes {
		p := &w.processes[i]
		if p.rx.next != cursorOf(p.got) || p.disk.committed != cursorOf(p.disk.applied) || !strings.HasPrefix(p.got, p.disk.applied) {
			e.fail("process %d received %x, committed %x; its cursors are %v and %v", i, p.got, p.disk.applied, p.rx.next, p.disk.committed)
		}
		if p.rx.committed.Next > p.disk.committed.Next {
			e.fail("process %d believes in a commit that is not on disk", i)
		}
		if w.forged {
			continue
		}
		peer := &w.processes[1-i]
		if !strings.HasPrefix(peer.disk.log, p.got) {
			e.fail("process %d received %x of %x", i, p.got, peer.disk.log)
		}
		if peer.base > p.disk.committed.Next || peer.disk.base > p.disk.committed.Next {
			e.fail("process %d has dropped messages below %d, %d are committed", 1-i, peer.base, p.disk.committed.Next)
		}
	}
	for i := range w.sessions {
		for j := range w.sessions[i].ends {
			in := &w.sessions[i].ends[j]
			// A lane holds what was sent, a start for each session and commit, and each commit once.
			if len(in.control) > 2 || len(in.data) > 2*e.messages()+1 || len(in.replies) > e.messages()+2 {
				e.fail("too much is in flight")
			}
		}
	}
}

func (e *explorer) messages() int { return int(max(e.left.sends[0], e.left.sends[1])) }

// finish lets the weather be fair from here on: what is to be sent is sent, another session
// comes, and nothing is lost. Then everything has arrived, or somebody knows why it can't.
func (e *explorer) finish(w *world) {
	for i := range w.sessions {
		w.sessions[i].up = false
		e.drop(w, int8(i))
	}
	w.left.restarts, w.left.losses, w.left.sessions = [2]int8{}, 0, 0
	w.left.snapshots, w.left.rollbacks, w.left.clones = [2]int8{}, [2]int8{}, [2]int8{}
	for at := range w.processes {
		e.sync(w, place(at))
	}
	if w.processes[0].dead == nil && w.processes[1].dead == nil {
		e.attach(w, 0, 1)
	}
	var list []action
	for steps := 0; ; steps++ {
		if list = e.choices(w, list[:0]); len(list) == 0 {
			break
		}
		if steps > 1000 {
			e.fail("it does not come to rest")
		}
		e.do(w, list[0])
		e.check(w)
	}
	a, b := &w.processes[0], &w.processes[1]
	if w.forged && (named(a) || named(b)) {
		e.named++
		return
	}
	for _, d := range [...]struct{ from, to *process }{{a, b}, {b, a}} {
		sent := d.from.disk.log
		if len(sent) < int(w.left.sends[d.from.side]) || d.to.disk.applied != sent || d.from.base != uint64(len(sent)) {
			e.fail("sent %x, committed %x, dropped below %d", sent, d.to.disk.applied, d.from.base)
		}
	}
	e.finished++
}

func named(p *process) bool { return p.failed != nil || p.dead != nil }
