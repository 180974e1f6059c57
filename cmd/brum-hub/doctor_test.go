package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/hub/doctor"
)

// doctorFlags are those of serveArgs, as far as doctor needs them.
func (w *world) doctorFlags(more ...string) []string {
	return append([]string{"doctor", "--state-dir", w.state(), "--discovery-dir", w.discovery(), "--http", "127.0.0.1:0"}, more...)
}

// examine runs doctor and checks that its exit code is what it found.
func (w *world) examine(t *testing.T) *doctor.Report {
	t.Helper()
	out, stderr, code := w.run(t, "", w.doctorFlags("--json")...)
	r := new(doctor.Report)
	if err := json.Unmarshal([]byte(out), r); err != nil || stderr != "" {
		t.Fatalf("%v: %s, stderr %q", err, out, stderr)
	}
	worst, unwell := doctor.OK, 0
	for _, f := range r.Findings {
		worst = max(worst, f.Severity)
	}
	if worst >= doctor.Degraded {
		unwell = 10
	}
	if r.Severity != worst || code != unwell {
		t.Errorf("exit %d, %v, but the worst finding is %v", code, r.Severity, worst)
	}
	return r
}

// has asserts a finding.
func has(t *testing.T, r *doctor.Report, a doctor.Area, subject string, s doctor.Severity) doctor.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Area == a && strings.HasPrefix(f.Subject, subject) {
			if f.Severity != s {
				t.Errorf("%s of %s is %v (%s), want %v", subject, a, f.Severity, f.What, s)
			}
			return f
		}
	}
	t.Errorf("nothing about %s of %s", subject, a)
	return doctor.Finding{}
}

func TestG5_DoctorWithoutAHub(t *testing.T) {
	w := newWorld(t)
	r := w.examine(t)
	if f := has(t, r, doctor.Power, "sleep", doctor.OK); !strings.Contains(f.What, "watched by ") {
		t.Errorf("%+v", f)
	}
	has(t, r, doctor.Discovery, "directory", doctor.OK)
	has(t, r, doctor.Discovery, "locking", doctor.OK)
	has(t, r, doctor.Discovery, "notifications", doctor.OK)
	has(t, r, doctor.Hub, "control socket", doctor.Note)
	has(t, r, doctor.Hub, "http", doctor.OK)
	has(t, r, doctor.Versions, "brum", doctor.OK)
	if _, err := os.Lstat(w.socket()); err == nil {
		t.Error("doctor left something at the control socket's path")
	}
}

func TestDoctorWithAHub(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	p := w.startInstance(t, "web")
	w.active(t, 1)
	r := w.examine(t)
	has(t, r, doctor.Hub, "control socket", doctor.OK)
	has(t, r, doctor.Hub, "version", doctor.OK)
	has(t, r, doctor.Hub, "http", doctor.OK)
	has(t, r, doctor.Hub, "token", doctor.OK)
	has(t, r, doctor.Sessions, "web-", doctor.OK)
	has(t, r, doctor.Instances, "web-", doctor.OK)

	out, stderr, _ := w.run(t, "", w.doctorFlags()...)
	if stderr != "" || strings.Contains(out, "\x1b") || !strings.Contains(out, "sleep counter") || !strings.HasSuffix(out, " notes\n") {
		t.Errorf("%s, stderr %q", out, stderr)
	}
	hub.kill()
	has(t, w.examine(t), doctor.Hub, "control socket", doctor.Note)
	p.kill()
	if f := has(t, w.examine(t), doctor.Instances, "web-", doctor.Note); !strings.Contains(f.What, "gone") {
		t.Errorf("%+v", f)
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("modes and limits are those of Unix")
		return
	}
	w := newWorld(t)
	for _, dir := range []string{w.discovery(), w.state()} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := w.examine(t)
	if f := has(t, r, doctor.Discovery, "directory", doctor.Broken); !strings.Contains(f.Mend, "chmod 700") {
		t.Errorf("%+v", f)
	}
	has(t, r, doctor.Hub, "state directory", doctor.Broken)

	args := append([]string{"-c", `ulimit -n 40 && exec "$0" "$@"`, hubProgram}, w.doctorFlags("--socket", w.socket())...)
	out, err := exec.Command("sh", args...).Output()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 10 || !bytes.Contains(out, []byte("at most 40")) || !bytes.Contains(out, []byte("→ raise it")) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestDoctorWatch(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	plain := newCommand(t, w, "doctor", "--watch")
	records := newCommand(t, w, "doctor", "--watch", "--json")
	for _, p := range []*program{plain, records} {
		wait(t, "word of the hub", func() bool { return strings.Contains(p.logs.String(), "\n") })
	}
	if _, _, code := w.run(t, "", "disconnect", "web"); code != 0 {
		t.Fatalf("exit %d", code)
	}
	wait(t, "line about the disconnect", func() bool {
		return strings.Contains(plain.logs.String(), "active → stopped")
	})
	wait(t, "record about the disconnect", func() bool {
		return strings.Contains(records.logs.String(), `"to":"stopped"`)
	})
	for line := range strings.Lines(records.logs.String()) {
		var e doctor.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.At.IsZero() || e.Hub == nil && e.Session == nil && e.Event == nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	for _, p := range []*program{plain, records} {
		interrupt(p.cmd.Process)
		<-p.done
		if code := p.cmd.ProcessState.ExitCode(); code != 0 && runtime.GOOS != "windows" {
			t.Errorf("exit %d: %s", code, p.logs)
		}
	}
}
