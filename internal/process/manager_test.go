package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
)

type fixture struct {
	*testing.T
	m    *Manager
	logs *logstore.Store
}

func newFixture(t *testing.T, grace time.Duration) *fixture {
	f := &fixture{T: t, logs: logstore.New(0)}
	f.m = New(Config{Logs: f.logs, Grace: grace})
	t.Cleanup(f.m.Close)
	return f
}

func (f *fixture) spec(name string, args ...string) Spec {
	return Spec{Name: name, Args: append([]string{os.Args[0]}, args...)}
}

func (f *fixture) start(name string, args ...string) Status {
	f.Helper()
	st, err := f.m.Start(f.spec(name, args...))
	if err != nil {
		f.Fatal(err)
	}
	return st
}

func (f *fixture) wait(id string) Status {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 30*time.Second)
	defer cancel()
	st, err := f.m.Wait(ctx, id)
	if err != nil {
		f.Fatal(err)
	}
	return st
}

// output returns what the run printed, one line each.
func (f *fixture) output(id string, streams ...logstore.Stream) string {
	f.Helper()
	p, err := f.logs.Read(f.Context(), logstore.Query{Process: id, Limit: logstore.MaxLimit})
	if err != nil {
		f.Fatal(err)
	}
	var b strings.Builder
	for _, l := range p.Lines {
		for _, s := range streams {
			if l.Stream == s {
				b.WriteString(l.Text + "\n")
			}
		}
	}
	return b.String()
}

func TestOutputAndExitCode(t *testing.T) {
	f := newFixture(t, 0)
	st := f.start("job", "print", "1000", "7")
	if st.ID != "job-1" || st.StartedAt.IsZero() {
		t.Fatalf("%+v", st)
	}
	st = f.wait("job-1")
	if st.State != Failed || st.Exit.Code != 7 || st.EndedAt.IsZero() || st.PID != 0 {
		t.Fatalf("%+v, %v", st, st.Exit)
	}
	out := f.output("job-1", logstore.Stdout)
	if n := strings.Count(out, "\nline "); n != 999 || !strings.HasSuffix(out, "line 1000\nno line end\n") {
		t.Fatalf("%d lines, ending in %q", n, out[max(0, len(out)-40):])
	}
	if err := f.output("job-1", logstore.Stderr); err != "WARN done\n" {
		t.Fatalf("stderr %q", err)
	}
	if note := f.output("job-1", logstore.System); note != "exited with code 7\n" {
		t.Fatalf("note %q", note)
	}
	if st = f.start("job", "print", "0", "0"); st.ID != "job-2" {
		t.Fatalf("second run: %+v", st)
	}
	if st = f.wait("job-2"); st.State != Success {
		t.Fatalf("%+v", st)
	}
	if list := f.m.List(); len(list) != 2 || list[0].ID != "job-1" {
		t.Fatalf("%+v", list)
	}
}

func TestCommandThatCannotStart(t *testing.T) {
	f := newFixture(t, 0)
	st, err := f.m.Start(Spec{Name: "x", Args: []string{"brum-no-such-command"}, Restart: RestartAlways})
	if !errors.Is(err, exec.ErrNotFound) || st.State != Failed {
		t.Fatalf("%+v, %v", st, err)
	}
	if note := f.output("x-1", logstore.System); !strings.Contains(note, "brum-no-such-command") {
		t.Fatalf("note %q", note)
	}
	if _, err := f.m.Start(Spec{Name: "x", Args: []string{os.Args[0]}, Dir: t.TempDir() + "/none"}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("missing directory: %v", err)
	}
}

func TestOneRunOfANameAtATime(t *testing.T) {
	f := newFixture(t, 0)
	w := newWitness(t)
	f.start("dev", "serve", w.addr())
	w.up()
	_, err := f.m.Start(f.spec("dev", "serve", w.addr()))
	var running *RunningError
	if !errors.As(err, &running) || running.ID != "dev-1" {
		t.Fatalf("%v", err)
	}
}

func TestStopAsksFirst(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM")
	}
	f := newFixture(t, time.Minute)
	w := newWitness(t)
	f.start("dev", "polite", w.addr())
	p := w.up()
	f.waitLine("dev-1", "up")
	st, err := f.m.Stop(t.Context(), "dev-1")
	if err != nil || st.State != Stopped || st.Exit.Code != 3 {
		t.Fatalf("%+v, %v, %v", st, st.Exit, err)
	}
	p.gone(5 * time.Second)
	if out := f.output("dev-1", logstore.Stdout); out != "up\nbye\n" {
		t.Fatalf("%q", out)
	}
	if st, err := f.m.Stop(t.Context(), "dev-1"); err != nil || st.State != Stopped {
		t.Fatalf("again: %+v, %v", st, err)
	}
	if _, err := f.m.Stop(t.Context(), "dev-9"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("unknown: %v", err)
	}
}

// waitLine waits until a run has printed text.
func (f *fixture) waitLine(id, text string) {
	f.Helper()
	deadline := time.Now().Add(20 * time.Second)
	q := logstore.Query{Process: id, Wait: time.Until(deadline)}
	for time.Now().Before(deadline) {
		p, err := f.logs.Read(f.Context(), q)
		if err != nil {
			f.Fatal(err)
		}
		for _, l := range p.Lines {
			if l.Text == text {
				return
			}
		}
		q.Cursor = p.Cursor
	}
	f.Fatalf("%s never printed %q", id, text)
}

func TestStubbornIsKilledAfterTheGrace(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM")
	}
	f := newFixture(t, time.Second)
	w := newWitness(t)
	f.start("dev", "stubborn", w.addr())
	p := w.up()
	f.waitLine("dev-1", "up")

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if st, err := f.m.Stop(ctx, "dev-1"); !errors.Is(err, context.DeadlineExceeded) || st.State != Stopping {
		t.Fatalf("a stop that is not waited for: %+v, %v", st, err)
	}
	st, err := f.m.Stop(t.Context(), "dev-1")
	if err != nil || st.State != Stopped || st.Exit.Signal != "SIGKILL" {
		t.Fatalf("%+v, %v, %v", st, st.Exit, err)
	}
	p.gone(5 * time.Second)
}

func TestTheWholeGroupDies(t *testing.T) {
	for _, kind := range []string{"serve", "stubborn"} {
		t.Run(kind, func(t *testing.T) {
			if runtime.GOOS == "windows" && kind == "stubborn" {
				t.Skip("no SIGTERM")
			}
			f := newFixture(t, 200*time.Millisecond)
			w := newWitness(t)
			f.start("dev", "parent", kind, w.addr()) // exits at once
			grandchild := w.up()
			st := f.wait("dev-1")
			if st.State != Success {
				t.Fatalf("%+v, %v", st, st.Exit)
			}
			grandchild.gone(5 * time.Second)
		})
	}
}

// What a command leaves behind is not the command: its PID may be another's by now.
func TestStatusWhileOthersAreLeft(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM")
	}
	f := newFixture(t, time.Hour)
	w := newWitness(t)
	f.start("dev", "parent", "stubborn", w.addr())
	left := w.up()
	var st Status
	for end := time.Now().Add(20 * time.Second); st.State != Stopping; time.Sleep(time.Millisecond) {
		if st = f.m.List()[0]; time.Now().After(end) {
			t.Fatalf("%+v", st)
		}
	}
	if st.PID != 0 || !left.alive() {
		t.Errorf("%+v, what was left is alive: %v", st, left.alive())
	}
	f.m.Kill()
	left.gone(10 * time.Second)
}

// TestEscapedProcessDoesNotHang: something that left the group holds the pipe.
func TestEscapedProcessDoesNotHang(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing escapes a job")
	}
	f := newFixture(t, 0)
	w := newWitness(t)
	f.start("dev", "parent", "escaped", w.addr())
	p := w.up()
	st := f.wait("dev-1")
	if !p.alive() {
		t.Fatal("it did not escape: the test shows nothing")
	}
	if proc, err := os.FindProcess(p.pid); err == nil {
		proc.Kill()
	}
	p.gone(10 * time.Second)
	if st.State != Success || st.EndedAt.Sub(st.StartedAt) > 10*time.Second {
		t.Fatalf("%+v", st)
	}
}

func TestRestartPolicies(t *testing.T) {
	for _, c := range []struct {
		policy RestartPolicy
		code   string
		again  bool
	}{
		{RestartNever, "1", false}, {RestartOnFailure, "0", false}, {RestartOnFailure, "1", true}, {RestartAlways, "0", true},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 0)
			spec := f.spec("job", "print", "1", c.code)
			spec.Restart = c.policy
			if _, err := f.m.Start(spec); err != nil {
				t.Fatal(err)
			}
			if !c.again {
				if st := f.wait("job-1"); st.Restarts != 0 {
					t.Fatalf("%+v", st)
				}
				return
			}
			f.waitLine("job-1", "exited with code "+c.code+"; restarting in 500ms")
			f.waitLine("job-1", "exited with code "+c.code+"; restarting in 1s")
			st, err := f.m.Stop(t.Context(), "job-1")
			if err != nil || st.State != Stopped || st.Restarts != 1 {
				t.Fatalf("%+v, %v", st, err)
			}
			if out := f.output("job-1", logstore.Stdout); out != "line 1\nno line end\nline 1\nno line end\n" {
				t.Fatalf("one log for both: %q", out)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	var b backoff
	var got []string
	for _, uptime := range []time.Duration{0, 0, time.Second, 0, 0, 0, 0, 0, stableAfter, 0} {
		got = append(got, b.next(uptime).String())
	}
	if s := strings.Join(got, " "); s != "500ms 1s 2s 4s 8s 16s 30s 30s 500ms 1s" {
		t.Fatal(s)
	}
}

func TestCloseStopsEverything(t *testing.T) {
	f := newFixture(t, 300*time.Millisecond)
	w := newWitness(t)
	var all []*seen
	for _, name := range []string{"a", "b", "c"} {
		f.start(name, "stubborn", w.addr())
		all = append(all, w.up())
	}
	start := time.Now()
	f.m.Close()
	f.m.Close()
	if took := time.Since(start); took > 2*time.Second {
		t.Fatalf("took %v", took)
	}
	for _, p := range all {
		p.gone(5 * time.Second)
	}
	if _, err := f.m.Start(f.spec("d", "print", "1", "0")); !errors.Is(err, ErrClosed) {
		t.Fatalf("start after close: %v", err)
	}
}

func TestKillDoesNotWaitForTheGrace(t *testing.T) {
	f := newFixture(t, time.Hour)
	w := newWitness(t)
	f.start("dev", "stubborn", w.addr())
	p := w.up()
	f.m.Kill()
	f.wait("dev-1")
	p.gone(5 * time.Second)
}

func TestEndedRunsAreForgottenBoundedly(t *testing.T) {
	m := New(Config{Logs: logstore.New(0)})
	defer m.Close()
	for range maxEnded + 20 {
		m.Start(Spec{Name: "x", Args: []string{"brum-no-such-command"}})
	}
	if n := len(m.List()); n != maxEnded+1 && n != maxEnded {
		t.Fatalf("%d runs remembered", n)
	}
}

// TestCommandDiesWithTheManagersProcess: Linux and Windows have means for that.
func TestCommandDiesWithTheManagersProcess(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("no means on this system")
	}
	w := newWitness(t)
	cmd := exec.Command(os.Args[0], "manager", "serve", w.addr())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := w.up()
	cmd.Process.Kill()
	cmd.Wait()
	p.gone(20 * time.Second)
}

// slowLog holds up whoever logs that a process has ended.
type slowLog struct {
	slog.Handler
	ended, goOn chan struct{}
}

func (h slowLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "process ended" {
		h.ended <- struct{}{}
		<-h.goOn
	}
	return nil
}

func (slowLog) Enabled(context.Context, slog.Level) bool { return true }

// Whoever was told that a run is over can start it anew, also while that is being logged.
func TestStartAfterStatusSaysEnded(t *testing.T) {
	log := slowLog{slog.DiscardHandler, make(chan struct{}, 2), make(chan struct{})}
	m := New(Config{Logs: logstore.New(0), Grace: time.Second, Logger: slog.New(log)})
	defer m.Close()
	defer close(log.goOn)
	spec := Spec{Name: "x", Args: []string{os.Args[0], "print", "1", "0"}}
	first, err := m.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	<-log.ended
	if st := m.List()[0]; !st.State.Ended() {
		t.Fatalf("%+v", st)
	}
	if _, err := m.Start(spec); err != nil {
		t.Errorf("after %s: %v", first.ID, err)
	}
}
