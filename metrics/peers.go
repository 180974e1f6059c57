package metrics

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/standardbeagle/brum/session"
)

// OtherPeers is the name under which peers are counted for whom there is no room.
const OtherPeers = "other"

// maxName bounds the name of a peer, in bytes.
const maxName = 64

// peerLabel makes a label's value of a name, which may come from anywhere.
func peerLabel(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(name, "�"))
	if len(name) > maxName {
		cut := maxName
		for !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut]
	}
	if name == "" {
		return "unnamed"
	}
	return name
}

// peer is what was counted for one name.
type peer struct {
	name string
	live int       // sessions
	idle time.Time // since when there is none

	begun    uint64
	dials    uint64
	failures uint64 // of dials
	resumes  map[resume]uint64
	past     totals // of sessions that have ended
}

// resume is how an outage ended, and what caused it.
type resume struct {
	trigger session.Trigger
	outcome outcome
}

type outcome string

const (
	resumed outcome = "resumed" // there was a link again
	lost    outcome = "lost"    // the session could not go on
	closed  outcome = "closed"  // this side closed the session
)

// totals are what is counted by sessions themselves.
type totals struct {
	inState              [session.Closed + 1]time.Duration
	sent, received       uint64
	replayed, duplicates uint64
}

func (t *totals) add(st session.Stats) {
	for s := range t.inState {
		t.inState[s] += st.InState[s]
	}
	t.sent += st.SentMessages
	t.received += st.ReceivedNext
	t.replayed += st.Replayed
	t.duplicates += st.Duplicates
}

// peer returns the one with that name, or the one that stands for it. m.mu is held.
func (m *Sessions) peer(name string) *peer {
	if p := m.peers[name]; p != nil {
		return p
	}
	if name != OtherPeers && !m.makeRoom() {
		return m.peer(OtherPeers)
	}
	p := &peer{name: name, idle: time.Now(), resumes: make(map[resume]uint64)}
	for trigger := session.TriggerWake; trigger <= session.TriggerManual; trigger++ {
		for _, o := range []outcome{resumed, lost, closed} {
			p.resumes[resume{trigger, o}] = 0 // a series that begins with 1 shows no increase
		}
	}
	m.peers[name] = p
	return p
}

// makeRoom reports whether there is room for another name; for that it forgets the one that had
// no session for longest. Its counts end, they don't go to OtherPeers: there they would look like
// something that happens now.
func (m *Sessions) makeRoom() bool {
	named := len(m.peers)
	if m.peers[OtherPeers] != nil {
		named--
	}
	if named < m.maxPeers {
		return true
	}
	var longest *peer
	for _, p := range m.peers {
		if p.live == 0 && p.name != OtherPeers && (longest == nil || p.idle.Before(longest.idle)) {
			longest = p
		}
	}
	if longest == nil {
		return false
	}
	delete(m.peers, longest.name)
	return true
}

// leave notes that one of the peer's sessions has ended.
func (p *peer) leave() {
	if p.live--; p.live == 0 {
		p.idle = time.Now()
	}
}

// count counts an event.
func (p *peer) count(e session.Event) {
	switch e.Kind {
	case session.EventDial:
		p.dials++
	case session.EventDialFailed:
		p.failures++
	case session.EventLinked:
		if e.Resumed {
			p.resumes[resume{e.Trigger, resumed}]++
		}
	case session.EventEnded:
		if e.Trigger == session.TriggerNone {
			break
		}
		if reasonOf(e.Err) == reasonClosed {
			p.resumes[resume{e.Trigger, closed}]++
		} else {
			p.resumes[resume{e.Trigger, lost}]++
		}
	}
}
