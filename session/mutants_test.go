//go:build integration

package session

import (
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/mutate"
)

// A mutant is the package with a fault in it that the tests have to find.
type mutant struct {
	name  string
	edits []mutate.Edit
}

var mutants = []mutant{
	{"the fence is not checked", []mutate.Edit{{"core_receive.go",
		"if c.link != linkUp || linkID != c.linkID || c.phase == phaseEnded {",
		"if c.phase == phaseEnded {"}}},
	{"a late end of an old link ends the current one", []mutate.Edit{{"core.go",
		"if c.link == linkNone || linkID != c.linkID || c.phase == phaseEnded {",
		"if c.link == linkNone || c.phase == phaseEnded {"}}},
	{"the attempt is not recorded", []mutate.Edit{{"core_attach.go",
		"c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching",
		"c.linkID, c.link = q.attempt, linkAttaching"}}},
	{"the cursor is read before the fence", []mutate.Edit{
		{"core_attach.go", "\t\tc.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)\n\t}\n\tc.joined(pos)", "\t}\n\tc.joined(pos)"},
		{"core_attach.go", "\tif c.link == linkUp {\n\t\tc.linkLost(now, c.linkID, TriggerPeer, nil)\n\t}\n\tc.joined(pos)", "\tc.joined(pos)"},
		{"core_attach.go", "c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching",
			"c.attempt = q.attempt\n\tif c.link != linkUp {\n\t\tc.linkID, c.link = q.attempt, linkAttaching\n\t}"},
		{"core_attach.go", "if c.phase == phaseEnded || c.link != linkAttaching || linkID != c.linkID {\n\t\treturn false\n\t}",
			"if c.phase == phaseEnded || c.link == linkNone || linkID != c.attempt || (c.link == linkUp && linkID == c.linkID) {\n\t\treturn false\n\t}\n\tif c.link == linkUp {\n\t\tc.linkLost(now, c.linkID, TriggerPeer, nil)\n\t}"},
	}},
	{"a reply that was overtaken is adopted", []mutate.Edit{{"core_attach.go",
		"c.phase == phaseEnded || attempt < c.linkID {",
		"c.phase == phaseEnded || (c.link == linkUp && attempt < c.linkID) {"}}},
	{"the request's cursor is taken for exact", []mutate.Edit{{"core_attach.go",
		"pos.txNext = max(pos.txNext, c.rx.next)", ""}}},
	{"the cursor is off by one", []mutate.Edit{{"core_attach.go",
		"rxNext:   c.rx.next,", "rxNext:   c.rx.next + 1,"}}},
	{"acknowledged before it is delivered", []mutate.Edit{{"core_send.go",
		"p = appendControl(p, frameAck, c.rx.next)", "p = appendControl(p, frameAck, c.rx.next+1)"}}},
	{"new sends go before the replay", []mutate.Edit{{"core_attach.go",
		"\tc.log.seek(c.log.acked)\n", "\tif c.log.unsent() == 0 {\n\t\tc.log.seek(c.log.acked)\n\t}\n"}}},
	{"duplicates are not dropped", []mutate.Edit{{"core_receive.go",
		"case seq < c.rx.next:", "case false:"}}},
	{"more than what was acknowledged is forgotten", []mutate.Edit{{"sendlog.go",
		"l.blocks.at(0).next() <= next {", "l.blocks.at(0).next() <= next+1 {"}}},
	{"a probe is judged by any timer", []mutate.Edit{
		{"liveness.go", "case now.Before(v.probe.look):", "case false:"},
		{"liveness.go", "case !now.Before(v.probe.deadline):", "case true:"}}},
	{"a pause is taken for silence", []mutate.Edit{{"liveness.go",
		"if gap != TriggerNone {", "if gap != TriggerNone && v.probe.phase == probeNone {"}}},
	{"an acknowledgement stays due", []mutate.Edit{{"core.go",
		"c.out.ackNow, c.rx.ackDue = true, time.Time{}", "c.out.ackNow = true"}}},
	{"END does not wait for data", []mutate.Edit{{"core_send.go",
		"if alone && c.phase == phaseDraining && !c.out.endSent {", "if c.phase == phaseDraining && !c.out.endSent {"}}},
	{"the cursor goes on after END", []mutate.Edit{{"core_receive.go",
		"case c.rx.frozen:", "case false:"}}},
	{"a verdict is guessed", []mutate.Edit{{"core_end.go",
		"u.Verdict = Unknown\n", "u.Verdict = NotReceived\n"}}},
	{"superseded by oneself is final", []mutate.Edit{{"core_end.go",
		"if c.role == dialing && winner == c.self {", "if false {"}}},
	{"another life is taken for the same", []mutate.Edit{{"core_attach.go",
		"case q.dialer != c.peer:", "case false:"}}},
	{"an epitaph is told to another life", []mutate.Edit{{"acceptor.go",
		"case dead && q.dialer != grave.peer:", "case false:"}}},
	{"digests are not compared", []mutate.Edit{{"core_attach.go",
		"ok && d != pos.rxDigest {", "ok && d != pos.rxDigest && false {"}}},
	{"credit is not enforced", []mutate.Edit{{"stream.go",
		"if st.rcvdOffset+uint64(len(run)) > st.rcvLimit {", "if false {"}}},
	{"a proof is not verified", []mutate.Edit{{"attach.go",
		"return n > 0 && hmac.Equal(reply[n:], proof(key, \"brum attach reply\", request, reply[:n]))", "return n > 0"}}},
	{"a slow path is never learned", []mutate.Edit{{"liveness.go",
		"\t\t\tv.lull = min(max(now.Sub(v.ackWait), 2*v.lull), maxLull)\n", ""}}},
	{"a former link's round trip counts", []mutate.Edit{{"liveness.go",
		"v.lastInbound, v.rtt = now, 0", "v.lastInbound = now"}}},
	{"the log grows without a moving link", []mutate.Edit{{"stretch.go",
		"c.link == linkUp && c.moving &&", "true &&"}}},
	{"the log grows for what has not left", []mutate.Edit{{"stretch.go",
		"c.log.unsentBytes(burst) < burst", "true"}}},
	{"a wide window stays wide", []mutate.Edit{{"window.go",
		"case idle:\n\t\treturn ordinary\n", "case idle:\n\t\treturn w\n"}}},
	{"credit is forgotten when its window shrinks", []mutate.Edit{{"window.go",
		"max(int(st.rcvLimit-st.consumed)-ordinary, 0)", "max(st.window-ordinary, 0)"}}},
	{"a latecomer gets no share", []mutate.Edit{{"window.go",
		"return max(wide-left, 0)", "return 0"}}},
}

// timingMutants are about when things happen, which only the simulation lives through.
var timingMutants = []mutant{
	{"a sleep is not discounted", []mutate.Edit{{"core.go", "case wall-ran > pauseSlack:", "case false:"}}},
	{"a timer that would tell of a sleep is put off", []mutate.Edit{{"core.go",
		"c.armed.Sub(now) > soon && c.gap(now) == TriggerNone", "c.armed.Sub(now) > soon"}}},
	{"a pause during a probe is silence", []mutate.Edit{{"liveness.go",
		"now.Sub(v.probe.look) > probeSlack && asked < maxAsked:", "false:"}}},
	{"a probe's deadline ignores the round trip", []mutate.Edit{{"liveness.go",
		"\treturn min(max(4*v.rtt, 2*v.lull, minProbe), maxProbe)\n", "\treturn minProbe\n"}}},
	{"what is sent is a sign of life", []mutate.Edit{{"core_send.go",
		"\tp.head = c.control(p.head, now, p.block == nil)\n",
		"\tp.head = c.control(p.head, now, p.block == nil)\n\tc.live.lastInbound = now\n"}}},
	{"attempts do not overlap", []mutate.Edit{{"redial.go",
		"r.next = now.Add(eagerStep)", "r.next = now.Add(attemptTimeout)"}}},
	{"a nudge does not hurry", []mutate.Edit{{"core.go",
		"\tcase c.role == dialing:\n\t\tc.redial.reset(now)\n", "\tcase c.role == dialing:\n"}}},
	{"acknowledgements come late", []mutate.Edit{{"core.go",
		"ackDelay       = 25 * time.Millisecond", "ackDelay       = 300 * time.Millisecond"}}},
	{"the window never grows", []mutate.Edit{{"window.go",
		"case w > st.window:", "case false:"}}},
	{"what was stretched stays on the account", []mutate.Edit{{"sendlog.go",
		"l.budget.releaseStretch(stretchSent, n)", "l.budget.release(n)"}}},
	{"credit leaks", []mutate.Edit{{"stream.go",
		"st.consumed += uint64(t.freed)", "st.consumed += uint64(t.freed) * 255 / 256"}}},
	{"only packets without messages tell what was consumed", []mutate.Edit{{"core_send.go",
		"if alone || c.streams.due > 0 || now.Sub(c.streams.toldAt) >= c.cfg.Heartbeat {", "if alone || c.streams.due > 0 {"}}},
	{"messages follow END", []mutate.Edit{{"core_send.go",
		"if c.phase != phaseOpen || st.out != flowing {", "if st.out != flowing {"}}},
	{"half a message takes a whole one with it", []mutate.Edit{{"core_end.go",
		"st.in.truncate()", "st.in.partial, st.in.joining = nil, false"}}},
}

// The tests that look for mutants: the exploration, the simulation, and all others.
const (
	exploration = "^TestExplore$"
	simulation  = "^TestSimulation$"
	others      = "^Test(E[^x]|S[^i]|[^ES])"
)

// named are mutants on which the exploration does not come to an end, or of which it knows nothing,
// with the tests that find them.
var named = map[string]string{
	"a probe is judged by any timer": "^(TestPauseIsNotDeath|TestSleepIsToldFromPause|TestBufferedBytesDoNotAnswerProbe|TestBulkDelaysJudgement|TestSilentPeerIdle)$",
	"a pause is taken for silence":   "^(TestPauseIsNotDeath|TestSleepIsToldFromPause)$",
	"END does not wait for data":     "^(TestCloseDrains|TestEndBehindFrozenCursor|TestVerdicts)$",
	"the cursor goes on after END":   "^(TestEndBehindFrozenCursor|TestSimultaneousEnd)$",
	"digests are not compared":       "^TestDigestMismatchAtAttach$",
	"credit is not enforced":         "^TestCreditIsEnforced$",

	"a former link's round trip counts": "^TestFreshLinkForgetsTheRoundTrip$",

	"the log grows without a moving link":         "^TestK2_LostLinkIsNotStretchedFor$",
	"the log grows for what has not left":         "^TestWindowsAreStretchedForLongPathsOnly$",
	"a wide window stays wide":                    "^TestStretchedWindowShrinks$",
	"credit is forgotten when its window shrinks": "^TestStretchedWindowShrinks$",
	"a latecomer gets no share":                   "^TestK2_LongPathsShareTheBudget$",
}

// TestMutants shows that the tests would notice: each mutant has to fail them. The exploration
// alone has to catch most of those that are not about time, and the simulation all that are.
func TestMutants(t *testing.T) {
	t.Setenv("BRUM_SIM_SEEDS", "2000") // at most: it ends with the first that fails
	var all []mutate.Mutant
	for _, m := range mutants {
		by := []string{exploration, simulation, others}
		if tests := named[m.name]; tests != "" {
			by[0] = tests
		}
		all = append(all, mutate.Mutant{Name: m.name, By: by, Edits: m.edits})
	}
	for _, m := range timingMutants {
		all = append(all, mutate.Mutant{Name: m.name, By: []string{simulation}, Edits: m.edits})
	}
	explored, simulated := 0, 0
	for _, r := range mutate.Run(t, all) {
		switch {
		case strings.HasPrefix(r.By, "TestExplore"):
			explored++
		case strings.HasPrefix(r.By, "TestSimulation"):
			simulated++
		}
	}
	t.Logf("%d are caught by the exploration, %d more by the simulation", explored, simulated)
	if explored < 8 || simulated < len(timingMutants) {
		t.Errorf("the exploration alone catches %d, the simulation %d", explored, simulated)
	}
}
