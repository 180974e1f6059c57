package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/standardbeagle/brum/power"
)

// How long a monitor's backends may take to begin, and the system to answer who asks it to wait.
const (
	settleTime = 3 * time.Second
	holdTime   = 500 * time.Millisecond
	settleStep = 20 * time.Millisecond
)

// settled returns the status once every backend has begun or failed, and the system has said
// whether it waits for hooks.
func settled(ctx context.Context, m *power.Monitor) power.Status {
	began := time.Now()
	var all time.Time // when none was starting any more
	for {
		s := m.Status()
		starting, held := false, false
		for _, b := range s.Backends {
			starting = starting || b.State == power.Starting
			held = held || b.Holds || b.HoldErr != nil
		}
		now := time.Now()
		if !starting && all.IsZero() {
			all = now
		}
		if !starting && (held || now.Sub(all) >= holdTime) || now.Sub(began) >= settleTime {
			return s
		}
		select {
		case <-ctx.Done():
			return s
		case <-time.After(settleStep):
		}
	}
}

// powerFindings tell which backends watch, why others do not, and whether sleep waits for hooks.
func powerFindings(s power.Status) []Finding {
	findings := []Finding{watchers(s, "sleep"), watchers(s, "network")}
	for _, b := range s.Backends {
		findings = append(findings, backendFinding(b))
	}
	return append(findings, inhibitor(s))
}

// watchers tells who notices sleep, or changes of networks.
func watchers(s power.Status, what string) Finding {
	var active, failed []string
	for _, b := range s.Backends {
		switch {
		case b.Watches != what:
		case b.State == power.Active:
			active = append(active, string(b.Source))
		case b.State == power.Failed && !errors.Is(b.Err, errors.ErrUnsupported):
			failed = append(failed, string(b.Source))
		}
	}
	why := ""
	if len(failed) > 0 {
		why = ", as " + strings.Join(failed, " and ") + " failed (see below)"
	}
	if len(active) == 0 {
		return on(Power).finding(Broken, what, "nobody watches it"+why,
			"mend one of the backends below; until then only timeouts tell, within half a minute")
	}
	return on(Power).ok(what, "watched by %s%s", strings.Join(active, " and "), why)
}

func backendFinding(b power.BackendStatus) Finding {
	subject, a := string(b.Source), on(Power)
	if b.Watches == "network" {
		subject += " (network)"
	}
	switch b.State {
	case power.Active:
		if b.Fails > 0 {
			return a.finding(Note, subject, fmt.Sprintf("active again after %d failures", b.Fails), "")
		}
		return a.ok(subject, "active: watches %s", b.Watches)
	case power.Standby:
		return a.ok(subject, "on standby: a better one watches %s", b.Watches)
	case power.Failed:
		if errors.Is(b.Err, errors.ErrUnsupported) {
			return a.finding(Note, subject, "this system does not have it: "+line(b.Err), "")
		}
		return a.finding(Degraded, subject, "failed: "+line(b.Err), mendBackend(b.Source))
	default:
		return a.finding(Degraded, subject, fmt.Sprintf("has not begun after %v", settleTime), "run doctor again; if it stays so, "+mendBackend(b.Source))
	}
}

func mendBackend(s power.Source) string {
	switch s {
	case power.Logind:
		return "see systemctl status systemd-logind dbus; in a container, mount the host's /run/dbus/system_bus_socket"
	case power.Timerfd, power.Rtnetlink, power.RouteSock:
		return "let the program use it: a sandbox, seccomp or a container forbids the system call"
	case power.IOKit, power.Powrprof, power.IPHelper, power.Winsock:
		return "log out and in again; if it stays so, report the output of brum-hub doctor --json"
	default:
		return "report the output of brum-hub doctor --json"
	}
}

// inhibitor tells whether the system would wait with its sleep until sessions are held.
func inhibitor(s power.Status) Finding {
	const subject = "before sleep"
	a := on(Power)
	for _, b := range s.Backends {
		switch {
		case b.Holds:
			return a.ok(subject, "%s waits until sessions are ready for sleep", b.Source)
		case b.HoldErr != nil:
			return a.finding(Degraded, subject, fmt.Sprintf("%s does not wait until sessions are ready for sleep: %s", b.Source, line(b.HoldErr)),
				"run it in your login session, or allow org.freedesktop.login1.inhibit-delay-sleep in polkit; wakes are noticed all the same")
		}
	}
	return a.finding(Note, subject, "nothing here delays sleep until sessions are ready: they find out when the machine wakes", "")
}

// line is an error's text as one line.
func line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
