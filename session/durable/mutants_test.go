//go:build integration

package durable

import (
	"testing"

	"github.com/standardbeagle/brum/internal/mutate"
)

var explored = []string{"^TestExplore$"}

func by(test string) []string { return []string{"^" + test + "$"} }

var mutants = []mutate.Mutant{
	{Name: "a commit is told before it is on disk", By: by("TestFailedCommitIsNotTold"), Edits: []mutate.Edit{{"end.go",
		"\terr := c.journal.CommitReceive(ctx, st.name, cursor, state)\n", "\tst.change(told)\n\terr := c.journal.CommitReceive(ctx, st.name, cursor, state)\n"}}},
	{Name: "a lane starts one late", By: explored, Edits: []mutate.Edit{{"sender.go",
		"s.begun, s.next = true, committed.Next", "s.begun, s.next = true, committed.Next+1"}}},
	{Name: "a lane starts one early", By: explored, Edits: []mutate.Edit{{"sender.go",
		"s.begun, s.next = true, committed.Next", "s.begun, s.next = true, max(committed.Next, 1)-1"}}},
	{Name: "what was received before is taken for new", By: explored, Edits: []mutate.Edit{{"receiver.go",
		"fresh = a.at.Next == r.next.Next", "fresh = a.at.Next+1 >= r.next.Next"}}},
	{Name: "a gap is stepped over", By: explored, Edits: []mutate.Edit{{"receiver.go",
		"case f.at.Next > r.next.Next:", "case false:"}}},
	{Name: "a log that ends too early is not noticed", By: by("TestRolledBackLog"), Edits: []mutate.Edit{{"receiver.go",
		"case f.end < r.next.Next:", "case false:"}}},
	{Name: "the fence is not checked", By: by("TestRolledBackJournal"), Edits: []mutate.Edit{{"fence.go",
		"case h.self.generation < p.peer.generation:", "case false:"}}},
	{Name: "a copy is not noticed", By: by("TestClonedJournal"), Edits: []mutate.Edit{{"fence.go",
		"case h.self.generation == p.peer.generation && h.self.nonce != p.peer.nonce:", "case false:"}}},
	{Name: "a late greeting is judged", By: by("TestLateGreeting"), Edits: []mutate.Edit{{"attachment.go",
		"if a.number < latest {", "if a.number < latest && false {"}}},
	{Name: "the peer's generation is not persisted", By: by("TestFenceSurvivesRestart"), Edits: []mutate.Edit{{"attachment.go",
		"if after.peer != before.peer {", "if false {"}}},
	{Name: "a stale session's commits are accepted", By: by("TestStaleCommit"), Edits: []mutate.Edit{{"transmit.go",
		"if !a.isCurrent() {", "if false {"}}},
	{Name: "the digest is not compared", By: explored, Edits: []mutate.Edit{{"receiver.go",
		"a.at.Next == r.next.Next && a.at.Digest != r.next.Digest {", "false {"}}},
	{Name: "the digest of a commit is not compared", By: by("TestJudgeCommitted"), Edits: []mutate.Edit{{"sender.go",
		"case known && digest != c.Digest:", "case false:"}}},
	{Name: "more than what was committed is dropped", By: by("TestH5_MessagesOutliveBothProcesses"), Edits: []mutate.Edit{{"store.go",
		"s.journal.Trim(s.name, c.Next)", "s.journal.Trim(s.name, c.Next+1)"}}},
	{Name: "the end does not wait for commits", By: by("TestEndWaitsForCommits"), Edits: []mutate.Edit{{"end.go",
		"\t<-c.committed()\n", "\tc.committed()\n"}}},
	{Name: "a message whose sender left stays", By: by("TestPendingSend"), Edits: []mutate.Edit{{"stream.go",
		"go st.catchUp(func() {})", ""}}},
	{Name: "room made elsewhere is not told", By: by("TestRoomIsShared"), Edits: []mutate.Edit{{"transmit.go",
		"\ta.channel.madeRoom()\n", ""}}},
	{Name: "a second control lane is heard", By: by("TestSecondControlLane"), Edits: []mutate.Edit{{"attachment.go",
		`case ours && name == "" && a.heardOf:`, "case false:"}}},
}

// TestMutants shows that the tests would notice: each mutant has to fail the one named.
func TestMutants(t *testing.T) { mutate.Run(t, mutants) }
