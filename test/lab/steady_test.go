//go:build integration && linux

package lab

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Nothing happens for three minutes, and nothing does: each instance keeps the one connection
// that it had.
func TestD1_OneConnectionEach(t *testing.T) {
	t.Parallel()
	const lasts = 3 * time.Minute
	s, names := newProjects(t, 5)
	before := s.awaitActive(len(names))
	connections := func() []string {
		lines := strings.Split(strings.TrimSpace(s.run("ss", "-Htn", "state", "established")), "\n")
		var ends []string // of each connection, both
		for _, line := range lines {
			fields := strings.Fields(line)
			ends = append(ends, strings.Join(fields[2:4], " "))
		}
		slices.Sort(ends)
		return ends
	}
	first := connections()
	if len(first) != 2*len(names) {
		t.Errorf("%d instances have %d ends of connections: %v", len(names), len(first), first)
	}
	calls := uint64(0)
	for until := time.Now().Add(lasts); time.Now().Before(until); time.Sleep(2 * time.Second) {
		if now := connections(); !slices.Equal(now, first) {
			t.Fatalf("connections %v have become %v", first, now)
		}
		for _, name := range names {
			if _, err := s.call(t.Context(), name, "scripts_status", nil); err != nil {
				t.Fatal(err)
			}
			calls++
		}
	}
	for name, is := range s.awaitActive(len(names)) {
		if is.Epoch != before[name].Epoch || is.Resumes != 0 {
			t.Errorf("%+v has become %+v", before[name], is)
		}
	}
	s.sameSessions(t, before)
	figures.add(row{fault: "D1 nothing, 3 min", sessions: len(names), sent: calls, delivered: calls})
}
