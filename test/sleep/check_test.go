//go:build sleep && linux

package sleep

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// promptly is how soon after a wake calls have to be answered (H6).
const promptly = 2 * time.Second

// within is the time for a call over a path with that round trip. Where the machine that
// emulates the guest is busy the path is slow to a session, which has patience with it: 4 round
// trips.
func within(rtt time.Duration) time.Duration { return promptly + min(4*rtt, promptly/2) }

// check holds the result against what is true of every sleep.
func (r *result) check(t *testing.T) {
	t.Helper()
	if r.flows < 3 && r.depart == 0 {
		t.Errorf("only %d connections crossed the network while the guest slept, want one of each session at least", r.flows)
	}
	if off := r.wake.Slept - r.slept(); off.Abs() > tolerance {
		t.Fatalf("the guest slept for %v by its own clocks, want %v", r.wake.Slept, r.slept())
	}
	r.checkEvents(t)
	r.checkSessions(t)
	r.checkCalls(t)
	r.checkLogs(t)
}

// checkEvents: one Resume each, that knows how long the sleep was.
func (r *result) checkEvents(t *testing.T) {
	t.Helper()
	resumes := 0
	for _, e := range r.wake.Events {
		if e.Kind != "resume" {
			continue
		}
		resumes++
		if off := e.Slept - r.slept(); off.Abs() > tolerance {
			t.Errorf("resume: slept %v, want %v", e.Slept, r.slept())
		}
	}
	if resumes != 1 {
		t.Errorf("%d resume events, want one: %+v", resumes, r.wake.Events)
	}
	for who, lines := range map[string][]string{"hub": r.wake.HubEvents, "instance": r.wake.InstanceEvents} {
		if len(lines) != 1 {
			t.Errorf("the %s noticed %d resumes, want one: %q", who, len(lines), lines)
			continue
		}
		slept, err := loggedSleep(lines[0])
		if off := slept - r.slept(); err != nil || off.Abs() > tolerance {
			t.Errorf("the %s slept %v, want %v: %s", who, slept, r.slept(), lines[0])
		}
	}
}

var sleepLogged = regexp.MustCompile(`slept"?[=:](\w[\w.]*)`)

// loggedSleep reads from a line how long the sleep was: text has a unit, JSON has nanoseconds.
func loggedSleep(line string) (time.Duration, error) {
	m := sleepLogged.FindStringSubmatch(line)
	if m == nil {
		return 0, errors.New("no length of the sleep")
	}
	if ns, err := strconv.ParseInt(m[1], 10, 64); err == nil {
		return time.Duration(ns), nil
	}
	return time.ParseDuration(m[1])
}

// checkSessions: all of them are what they were.
func (r *result) checkSessions(t *testing.T) {
	t.Helper()
	for who, ids := range map[string][2]string{
		"hub in the guest":     {r.before.Hub.SessionID, r.wake.Hub.SessionID},
		"hub outside":          {r.outsideBefore.SessionID, r.outsideAfter.SessionID},
		"session in the guest": {r.before.Session.ID, r.wake.Session.ID},
	} {
		if ids[0] == "" || ids[0] != ids[1] {
			t.Errorf("%s: session %s is now %s", who, ids[0], ids[1])
		}
	}
	for who, state := range map[string]string{"hub in the guest": r.wake.Hub.State, "hub outside": r.outsideAfter.State, "session in the guest": r.wake.Session.State} {
		if state != "active" {
			t.Errorf("%s: %s", who, state)
		}
	}
}

// checkCalls: the first ones were answered promptly.
func (r *result) checkCalls(t *testing.T) {
	t.Helper()
	for who, c := range map[string]struct {
		took, rtt time.Duration
		err       string
	}{
		"first call in the guest":    {r.wake.Called.Sub(r.wake.Back), r.before.Hub.RTT(), r.wake.CallError},
		"first message in the guest": {r.wake.Echoed.Sub(r.wake.Back), r.before.Session.RTT, r.wake.EchoError},
	} {
		if c.err != "" || c.took > within(c.rtt) {
			t.Errorf("%s: answered %v after there was a way: %s", who, c.took, c.err)
		}
	}
	if took := r.called.Sub(r.back); r.callError != nil || took > within(r.outsideBefore.RTT()) {
		t.Errorf("call outside: answered %v after there was a way: %v", took, r.callError)
	}
}

// checkLogs: the lines that were followed over the sleep are all there.
func (r *result) checkLogs(t *testing.T) {
	t.Helper()
	for who, l := range map[string][2]side.Logs{"guest": {r.before.Logs, r.wake.Logs}, "outside": {r.logsBefore, r.logsNow}} {
		if l[1].Fault != "" || l[1].Last <= l[0].Last {
			t.Errorf("logs followed in the %s: line %d before, %d after, %s", who, l[0].Last, l[1].Last, l[1].Fault)
		}
	}
}

// takeKept takes naps until one cost no link, which is what they are for; all else holds for each
// of them. A machine that is too busy to have the answer to a probe there in time gets some more.
func (l *lab) takeKept(t *testing.T, n nap) {
	t.Helper()
	const tries = 3
	for range tries {
		r := l.take(t, n)
		r.check(t)
		lost := r.lost()
		if len(lost) == 0 {
			r.checkWakeShows(t)
			return
		}
		t.Logf("the path was kept, and yet links were made anew: %q", lost)
	}
	t.Errorf("links were made anew in each of %d sleeps, though the path was kept", tries)
}

// lost says whose links did not live on.
func (r *result) lost() (who []string) {
	for name, n := range map[string][2]uint64{
		"hub in the guest":     {r.before.Hub.Resumes, r.wake.Hub.Resumes},
		"hub outside":          {r.outsideBefore.Resumes, r.outsideAfter.Resumes},
		"session in the guest": {r.before.Session.Resumes, r.wake.Session.Resumes},
	} {
		if n[0] != n[1] {
			who = append(who, name)
		}
	}
	return who
}

// checkWakeShows: what was done about links that lived on was for the wake.
func (r *result) checkWakeShows(t *testing.T) {
	t.Helper()
	for _, c := range r.wake.History {
		if c.Trigger != "wake" {
			t.Errorf("history of the hub in the guest: from %s to %s by %s", c.From, c.To, c.Trigger)
		}
	}
	if len(r.wake.History) == 0 {
		t.Error("the sleep is not in the history of the hub in the guest")
	}
}

// checkResumed: in the guest all links were made anew, for one of these reasons.
func (r *result) checkResumed(t *testing.T, triggers ...string) {
	t.Helper()
	last := r.wake.Hub.Trigger()
	if r.wake.Hub.Resumes <= r.before.Hub.Resumes || !slices.Contains(triggers, last) {
		t.Errorf("hub in the guest: resumed %d times by %q, want one of %q", r.wake.Hub.Resumes-r.before.Hub.Resumes, last, triggers)
	}
	if s := r.wake.Session; s.Resumes <= r.before.Session.Resumes || !slices.Contains(triggers, s.Trigger) {
		t.Errorf("session in the guest: resumed %d times by %q, want one of %q", s.Resumes-r.before.Session.Resumes, s.Trigger, triggers)
	}
	if r.outsideAfter.Resumes <= r.outsideBefore.Resumes {
		t.Error("hub outside: not resumed")
	}
	if len(r.wake.History) == 0 || !slices.Contains(triggers, r.wake.History[len(r.wake.History)-1].Trigger) {
		t.Errorf("history of the hub in the guest: %+v, want a last change by one of %q", r.wake.History, triggers)
	}
}
