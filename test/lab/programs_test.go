//go:build integration && linux

package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// counter prints a numbered line ten times a second.
const counter = `i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.1; done`

// newProjects starts a hub and instances, each with a project of its own and a log that counts.
func newProjects(t *testing.T, n int) (s *site, names []string) {
	t.Helper()
	s = newSite(newHost(t))
	s.startHub()
	for i := range n {
		name := fmt.Sprint("web", i)
		dir := filepath.Join(s.dir, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"scripts":{"tick":"echo tick >>ticks"}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		s.startInstance(name, "--dir", dir, "--log-buffer", "1MiB", "--", "sh", "-c", counter)
		names = append(names, name)
	}
	return s, names
}

// measureHistories is measure for the hub's view of instances.
func (s *site) measureHistories(names []string, began, over time.Time) (noticed, resumed times) {
	s.t.Helper()
	var lines []report.Line
	for i, name := range names {
		for _, c := range s.history(name) {
			lines = append(lines, report.Line{At: c.At, Session: i, Change: &report.Change{From: c.From, To: c.To}})
		}
	}
	return measure(lines, began, over)
}

// Hub and instances are cut off from each other for 30 seconds. Calls made meanwhile are
// answered once, and carried out once; a log that is followed has every line once.
func TestH1_DropBetweenPrograms(t *testing.T) {
	need(t, "node", "npm")
	t.Parallel()
	s, names := newProjects(t, 3)
	before := s.awaitActive(len(names))
	var followers []*follower
	for _, name := range names {
		followers = append(followers, s.follow(name))
	}
	time.Sleep(time.Second)

	began := time.Now()
	s.filter(dropOnLoop)
	time.Sleep(10 * time.Second)
	var calls sync.WaitGroup
	var mu sync.Mutex
	var answered []time.Time
	for _, name := range names {
		for _, tool := range []string{"scripts_run", "scripts_status"} {
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				if _, err := s.call(ctx, name, tool, map[string]any{"name": "tick"}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				answered = append(answered, time.Now())
			})
		}
	}
	time.Sleep(20 * time.Second)
	over := time.Now()
	s.filter()
	calls.Wait()
	s.awaitActive(len(names))
	noticed, resumed := s.measureHistories(names, began, over)
	r := row{fault: "H1 drop between programs, 30 s", sessions: len(names), noticed: noticed, resumed: resumed}
	within(t, "resuming", resumed, 2*time.Second)
	for _, at := range answered {
		if at.Before(over) {
			t.Error("a call was answered across the outage")
		}
	}
	s.sameSessions(t, before)
	time.Sleep(time.Second)
	for i, name := range names {
		f := followers[i]
		f.end()
		if len(f.lines) < 250 {
			t.Errorf("%s: only %d lines have come", name, len(f.lines))
		}
		for n, got := range f.lines {
			if want := fmt.Sprint("line ", n+1); got != want {
				t.Fatalf("%s: %q came, want %q", name, got, want)
			}
		}
		r.sent += uint64(len(f.lines)) + 2
		r.delivered += uint64(len(f.lines)) + 2
		await(t, "the script's work", func() bool { return ticks(s, name) != "" })
		if got := ticks(s, name); got != "tick\n" {
			t.Errorf("%s: a script that was called once has written %q", name, got)
		}
	}
	figures.add(r)
}

func ticks(s *site, name string) string {
	data, _ := os.ReadFile(filepath.Join(s.dir, name, "ticks"))
	return string(data)
}

// A killed hub's successor has all instances back within 2 s of its start, on new sessions; a
// killed instance that is started again is back under its name, and the one before is not listed
// any more. Nobody else is disturbed.
func TestH5_Killed(t *testing.T) {
	t.Parallel()
	const rounds = 3
	s, names := newProjects(t, 8)
	r := row{fault: "H5 hub killed", sessions: len(names)}
	for range rounds {
		before := s.awaitActive(len(names))
		s.hub.kill()
		restarted := time.Now()
		s.startHub()
		after := s.awaitActive(len(names))
		_, back := s.measureHistories(names, restarted, restarted)
		r.resumed = append(r.resumed, back...)
		for name, was := range before {
			if is := after[name]; is.ID != was.ID || is.SessionID == was.SessionID {
				t.Errorf("%+v has become %+v", was, is)
			}
		}
	}
	within(t, "all being back", r.resumed, 2*time.Second)
	figures.add(r)

	r = row{fault: "H5 instance killed", sessions: 1}
	for range rounds {
		before := s.awaitActive(len(names))
		s.instances["web0"].kill()
		over := time.Now()
		s.startInstance("web0", "--dir", filepath.Join(s.dir, "web0"))
		await(t, "the new session", func() bool {
			now := s.byName()["web0"]
			return now.State == "active" && now.SessionID != before["web0"].SessionID
		})
		r.resumed = append(r.resumed, time.Since(over))
		s.awaitActive(len(names)) // the one that was killed is not listed any more
		delete(before, "web0")
		s.sameSessions(t, before)
	}
	within(t, "being back", r.resumed, 2*time.Second)
	figures.add(r)
}

// follower follows an instance's log as a user does.
type follower struct {
	process *process
	read    chan struct{} // closed when there is nothing more
	lines   []string      // to be read after that
}

func (s *site) follow(name string) *follower {
	s.t.Helper()
	cmd := s.command(filepath.Join(bin, "brum-hub"), "--socket", s.socket, "logs", name, "-f", "--since", "1h", "--json")
	cmd.Env = s.environment()
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	f := &follower{read: make(chan struct{})}
	f.process = start(s.t, cmd)
	go func() {
		defer close(f.read)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			var r struct {
				Line   *struct{ Stream, Text string } `json:"line"`
				Cursor string                         `json:"cursor"`
			}
			switch err := json.Unmarshal(scan.Bytes(), &r); {
			case err == nil && r.Cursor != "": // the end of a page
			case err != nil || r.Line == nil:
				f.lines = append(f.lines, scan.Text()) // a gap, or an error
			case r.Line.Stream != "system" && strings.HasPrefix(r.Line.Text, "line "):
				f.lines = append(f.lines, strings.TrimSpace(r.Line.Text))
			}
		}
	}()
	return f
}

// end ends it; then its lines may be read.
func (f *follower) end() {
	f.process.cmd.Process.Kill()
	<-f.read
	<-f.process.done
}
