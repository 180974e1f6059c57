package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/doctor"
)

func TestEntryLines(t *testing.T) {
	for _, c := range []struct {
		entry doctor.Entry
		parts []string
	}{
		{doctor.Entry{Event: &doctor.Event{Kind: "resume", Source: "logind", SleptMillis: 483e3}}, []string{"resume", "logind", "slept 8m3s"}},
		{doctor.Entry{Event: &doctor.Event{Kind: "resume", Source: "clock", Inferred: true}}, []string{"unknown time", "inferred"}},
		{doctor.Entry{Event: &doctor.Event{Kind: "suspend", Source: "logind"}}, []string{"suspend"}},
		{doctor.Entry{Event: &doctor.Event{Kind: "network-change", Source: "rtnetlink", Network: &doctor.NetChange{Online: true,
			Added: []string{"10.0.0.2/8"}, Removed: []string{"192.168.1.7/24"}, Route4: "over eth0", Route6: "none", RouteChanged: true}}},
			[]string{"online", "+10.0.0.2/8", "-192.168.1.7/24", "over eth0"}},
		{doctor.Entry{Event: &doctor.Event{Kind: "network-down", Network: &doctor.NetChange{}}}, []string{"offline"}},
		{doctor.Entry{Session: &doctor.SessionNews{ID: "web-1", Name: "web", Change: api.Change{From: api.Suspect, To: api.Active, Trigger: "wake"}}},
			[]string{"web (web-1)", "suspect → active", "wake"}},
		{doctor.Entry{Hub: &doctor.HubNews{Running: true, PID: 7}}, []string{"process 7"}},
		{doctor.Entry{Hub: &doctor.HubNews{Error: "no hub is running"}}, []string{"no hub"}},
		{doctor.Entry{Verdict: &doctor.Verdict{Outcome: doctor.Pass, SleptMillis: 483e3, Sessions: 3, Confirmed: 2, Resumed: 1, Millis: 14}},
			[]string{"PASS", "slept 8m3s", "3 sessions", "2 confirmed", "1 resumed", "14ms"}},
		{doctor.Entry{Verdict: &doctor.Verdict{Outcome: doctor.Fail, Sessions: 1, Late: []string{"web-1"}, Why: "not back"}},
			[]string{"FAIL", "not back", "web-1"}},
		{doctor.Entry{Verdict: &doctor.Verdict{Outcome: doctor.None, Why: "no hub is running"}}, []string{"NONE", "no hub"}},
	} {
		line := entryLine(c.entry)
		for _, part := range c.parts {
			if !strings.Contains(line, part) {
				t.Errorf("no %q in %q", part, line)
			}
		}
	}
}

func TestPrintReport(t *testing.T) {
	r := &doctor.Report{Severity: doctor.Broken, Findings: []doctor.Finding{
		{Area: doctor.Power, Subject: "logind", Severity: doctor.Broken, What: "bad\x1b[31m\nnews", Mend: "do something"},
		{Area: doctor.Power, Subject: "x", Severity: doctor.OK, What: "fine"},
	}}
	var out bytes.Buffer
	if err := printReport(&out, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 6 || strings.Contains(out.String(), "\x1b") || !strings.Contains(lines[1], "→ do something") {
		t.Errorf("%q", out.String())
	}
	if first, third := strings.Index(lines[0], "bad"), strings.Index(lines[2], "fine"); first < 0 || first != third {
		t.Errorf("not aligned:\n%s", &out)
	}
	if !strings.HasPrefix(lines[4], "broken: 1 broken, 0 degraded, 0 notes") {
		t.Errorf("%q", lines[4])
	}
}

func TestUnhealthyIsAnExitCode(t *testing.T) {
	if code := exitCode(context.Background(), errUnhealthy); code != exitUnhealthy || !strings.Contains(exitHelp, "\n  10 doctor") {
		t.Errorf("exit %d", code)
	}
	if doctor.VerdictTime != 5*time.Second || !strings.Contains(doctorHelp, "Within 5 s") {
		t.Error("the help tells another time than there is for a verdict")
	}
}
