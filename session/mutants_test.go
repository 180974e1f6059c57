//go:build integration

package session

import (
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/mutate"
)

// both: the exploration first, then all tests. Where that finds nothing, or does not come to
// an end, the mutant names what finds it.
var both = []string{"^TestExplore$", "^Test"}

var mutants = []mutate.Mutant{
	{Name: "the fence is not checked", By: both, Edits: []mutate.Edit{{"core_receive.go",
		"if c.link != linkUp || linkID != c.linkID || c.phase == phaseEnded {",
		"if c.phase == phaseEnded {"}}},
	{Name: "a late end of an old link ends the current one", By: both, Edits: []mutate.Edit{{"core.go",
		"if c.link == linkNone || linkID != c.linkID || c.phase == phaseEnded {",
		"if c.link == linkNone || c.phase == phaseEnded {"}}},
	{Name: "the attempt is not recorded", By: both, Edits: []mutate.Edit{{"core_attach.go",
		"c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching",
		"c.linkID, c.link = q.attempt, linkAttaching"}}},
	{Name: "the cursor is read before the fence", By: both, Edits: []mutate.Edit{
		{"core_attach.go", "\t\tc.out.farewell = appendControl(nil, frameSuperseded, uint64(q.dialer), q.attempt)\n\t}\n\tc.joined(pos)", "\t}\n\tc.joined(pos)"},
		{"core_attach.go", "\tif c.link == linkUp {\n\t\tc.linkLost(now, c.linkID, TriggerPeer, nil)\n\t}\n\tc.joined(pos)", "\tc.joined(pos)"},
		{"core_attach.go", "c.attempt, c.linkID, c.link = q.attempt, q.attempt, linkAttaching",
			"c.attempt = q.attempt\n\tif c.link != linkUp {\n\t\tc.linkID, c.link = q.attempt, linkAttaching\n\t}"},
		{"core_attach.go", "if c.phase == phaseEnded || c.link != linkAttaching || linkID != c.linkID {\n\t\treturn false\n\t}",
			"if c.phase == phaseEnded || c.link == linkNone || linkID != c.attempt || (c.link == linkUp && linkID == c.linkID) {\n\t\treturn false\n\t}\n\tif c.link == linkUp {\n\t\tc.linkLost(now, c.linkID, TriggerPeer, nil)\n\t}"},
	}},
	{Name: "a reply that was overtaken is adopted", By: both, Edits: []mutate.Edit{{"core_attach.go",
		"c.phase == phaseEnded || attempt < c.linkID {",
		"c.phase == phaseEnded || (c.link == linkUp && attempt < c.linkID) {"}}},
	{Name: "the request's cursor is taken for exact", By: both, Edits: []mutate.Edit{{"core_attach.go",
		"pos.txNext = max(pos.txNext, c.rx.next)", ""}}},
	{Name: "the cursor is off by one", By: both, Edits: []mutate.Edit{{"core_attach.go",
		"rxNext:   c.rx.next,", "rxNext:   c.rx.next + 1,"}}},
	{Name: "acknowledged before it is delivered", By: both, Edits: []mutate.Edit{{"core_send.go",
		"p = appendControl(p, frameAck, c.rx.next)", "p = appendControl(p, frameAck, c.rx.next+1)"}}},
	{Name: "new sends go before the replay", By: both, Edits: []mutate.Edit{{"core_attach.go",
		"\tc.log.seek(c.log.acked)\n", "\tif c.log.unsent() == 0 {\n\t\tc.log.seek(c.log.acked)\n\t}\n"}}},
	{Name: "duplicates are not dropped", By: both, Edits: []mutate.Edit{{"core_receive.go",
		"case seq < c.rx.next:", "case false:"}}},
	{Name: "more than what was acknowledged is forgotten", By: both, Edits: []mutate.Edit{{"sendlog.go",
		"l.blocks.at(0).next() <= next {", "l.blocks.at(0).next() <= next+1 {"}}},
	{Name: "a probe is judged by any timer", By: []string{"^(TestPauseIsNotDeath|TestSleepIsToldFromPause|TestBufferedBytesDoNotAnswerProbe|TestBulkDelaysJudgement|TestSilentPeerIdle)$", "^Test"}, Edits: []mutate.Edit{{"liveness.go",
		"\t\tif !now.Before(v.probe.deadline) {\n", "\t\tif true {\n"}}},
	{Name: "a pause is taken for silence", By: []string{"^(TestPauseIsNotDeath|TestSleepIsToldFromPause)$", "^Test"}, Edits: []mutate.Edit{{"liveness.go",
		"if gap != TriggerNone {", "if gap != TriggerNone && v.probe.phase == probeNone {"}}},
	{Name: "an acknowledgement stays due", By: both, Edits: []mutate.Edit{{"core.go",
		"c.out.ackNow, c.rx.ackDue = true, time.Time{}", "c.out.ackNow = true"}}},
	{Name: "END does not wait for data", By: []string{"^(TestCloseDrains|TestEndBehindFrozenCursor|TestVerdicts)$", "^Test"}, Edits: []mutate.Edit{{"core_send.go",
		"if alone && c.phase == phaseDraining && !c.out.endSent {", "if c.phase == phaseDraining && !c.out.endSent {"}}},
	{Name: "the cursor goes on after END", By: []string{"^(TestEndBehindFrozenCursor|TestSimultaneousEnd)$", "^Test"}, Edits: []mutate.Edit{{"core_receive.go",
		"case c.rx.frozen:", "case false:"}}},
	{Name: "a verdict is guessed", By: both, Edits: []mutate.Edit{{"core_end.go",
		"u.Verdict = Unknown\n", "u.Verdict = NotReceived\n"}}},
	{Name: "superseded by oneself is final", By: both, Edits: []mutate.Edit{{"core_end.go",
		"if c.role == dialing && winner == c.self {", "if false {"}}},
	{Name: "another life is taken for the same", By: both, Edits: []mutate.Edit{{"core_attach.go",
		"case q.dialer != c.peer:", "case false:"}}},
	{Name: "an epitaph is told to another life", By: both, Edits: []mutate.Edit{{"acceptor.go",
		"case dead && q.dialer != grave.peer:", "case false:"}}},
	{Name: "digests are not compared", By: []string{"^(TestDigestMismatchAtAttach)$", "^Test"}, Edits: []mutate.Edit{{"core_attach.go",
		"ok && d != pos.rxDigest {", "ok && d != pos.rxDigest && false {"}}},
	{Name: "credit is not enforced", By: []string{"^(TestCreditIsEnforced)$", "^Test"}, Edits: []mutate.Edit{{"stream.go",
		"if st.rcvdOffset+uint64(len(run)) > st.rcvLimit {", "if false {"}}},
	{Name: "a proof is not verified", By: both, Edits: []mutate.Edit{{"attach.go",
		"return n > 0 && hmac.Equal(reply[n:], proof(key, \"brum attach reply\", request, reply[:n]))", "return n > 0"}}},
}

// TestMutants shows that the tests would notice: each mutant has to fail them. The
// exploration alone has to catch most.
func TestMutants(t *testing.T) {
	explored := 0
	for _, r := range mutate.Run(t, mutants) {
		if strings.HasPrefix(r.By, "TestExplore") {
			explored++
		}
	}
	if t.Logf("%d are caught by the exploration", explored); explored < 8 {
		t.Errorf("the exploration alone catches %d", explored)
	}
}
