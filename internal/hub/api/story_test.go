package api

import (
	"testing"
	"time"
)

func TestL2_Story(t *testing.T) {
	at := time.Date(2026, 3, 1, 14, 3, 22, 400e6, time.UTC)
	lost := at.Add(-9600 * time.Millisecond)
	changes := []Change{
		{At: lost.Add(-time.Hour), From: Connecting, To: Active, Trigger: "start", SessionID: "s"},
		{At: lost, From: Suspect, To: Retrying, Trigger: "timeout", SessionID: "s", Error: "silent", Duplicates: 4},
		{At: at, From: Retrying, To: Active, Trigger: "timeout", OutageMillis: 9600, ResumeMillis: 2.1, SessionID: "s", Duplicates: 5,
			Reconnect: &Reconnect{LostAt: lost, Trigger: "timeout", Error: "silent", SilenceMillis: 1900, Dials: 7, RoundTrips: 2, Replayed: 12,
				Session: SessionKept, DuplicatesBefore: 4}},
		{At: at.Add(time.Minute), From: Active, To: Suspect, Trigger: "wake", SessionID: "s", Duplicates: 7},
	}
	Tell(changes, "s", 8, time.UTC)
	const want = "Lost at 14:03:12.800, because the instance fell silent (silent), noticed after 1.9s of silence; " +
		"back at 14:03:22.400 after 9.6s and 7 dials, the last of which took 2.1ms (2 round trips); " +
		"same session, 12 messages sent again, 4 duplicates dropped."
	if got := changes[2].Why; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := changes[0].Why; got != "Connected." {
		t.Error(got)
	}
	if got := changes[1].Why; got != "Lost, because the instance fell silent (silent)." {
		t.Error(got)
	}
}

// Duplicates are those of one connection: they end with it, and with its session.
func TestDuplicatesBelongToAConnection(t *testing.T) {
	back := func(session string, so, before uint64) Change {
		return Change{To: Active, SessionID: session, Duplicates: so, Reconnect: &Reconnect{DuplicatesBefore: before, Session: SessionKept}}
	}
	changes := []Change{
		back("s", 3, 1), {To: Retrying, SessionID: "s", Duplicates: 6},
		back("s", 6, 6), {To: Retrying, SessionID: "s", Duplicates: 6},
		back("t", 0, 0),
	}
	original := changes[0].Reconnect
	Tell(changes, "t", 9, time.UTC)
	for i, want := range map[int]uint64{0: 5, 2: 0, 4: 9} {
		if got := changes[i].Reconnect.Duplicates; got != want {
			t.Errorf("change %d: %d duplicates, want %d", i, got, want)
		}
	}
	if original.Duplicates != 0 {
		t.Error("what others may be reading was changed")
	}
	Tell(changes, "", 0, time.UTC)
	if got := changes[4].Reconnect.Duplicates; got != 0 {
		t.Errorf("%d duplicates of a session that is gone", got)
	}
}

// Every state and trigger has words of its own.
func TestEverythingCanBeTold(t *testing.T) {
	for _, to := range []State{Discovered, Connecting, Active, Suspect, Retrying, Stalled, Stopped} {
		for _, trigger := range []string{"", "start", "wake", "pause", "network", "timeout", "error", "peer", "manual", "user", "announced", "shutdown", "new"} {
			c := Change{To: to, Trigger: trigger}
			if s := c.sentence(time.UTC); len(s) < 5 {
				t.Errorf("to %s by %s: %q", to, trigger, s)
			}
		}
	}
}
