package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
)

func newCommand(t *testing.T, w *world, args ...string) *program {
	t.Helper()
	return start(t, exec.Command(hubProgram, append(args, "--socket", w.socket())...))
}

func TestLogFollowAcrossACut(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	_, proxy := w.startInstanceBehind(t, "web")
	w.active(t, 1)
	logs := w.follow(t, "web")
	logs.upTo(50)
	for _, how := range []faultproxy.Ending{faultproxy.RST, faultproxy.FIN} {
		proxy.Admit(faultproxy.Refuse)
		proxy.Cut(how)
		w.until(t, "outage", func(s *api.Status) bool { return s.Instances[0].RawState == api.Retrying })
		proxy.Heal()
		w.active(t, 1)
		logs.upTo(logs.last + 100)
	}
	s, err := w.client.Status(t.Context())
	if err != nil || s.Instances[0].Resumes != 2 {
		t.Errorf("%+v, %v: want 2 resumes", s, err)
	}
}

func TestH5_HubKilledAndRestarted(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	names := []string{"one", "two", "three"}
	for _, name := range names {
		w.startInstance(t, name)
	}
	w.active(t, len(names))
	logs := w.follow(t, "two")
	logs.upTo(20)
	for range 2 {
		hub.kill()
		began := time.Now()
		hub = w.startHub(t)
		w.active(t, len(names))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("all instances were back only after %v", took)
		}
		logs.upTo(logs.last + 100)
	}
}

func TestB1_KilledInstanceLeavesTheList(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	victim := w.startInstance(t, "victim")
	w.startInstance(t, "other")
	w.active(t, 2)
	victim.kill()
	began := time.Now()
	w.until(t, "end of the listing", func(s *api.Status) bool {
		return len(s.Instances) == 1 && s.Instances[0].Name == "other" && s.Instances[0].State == api.Active
	})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("listed for %v", took)
	}
}

func TestF2_ProgramsEndSoon(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	w.startInstance(t, "web")
	_, proxy := w.startInstanceBehind(t, "silent")
	w.active(t, 2)
	logs := w.follow(t, "web")
	logs.upTo(10)
	base, token := w.base(t)
	mcpSession(t, base, token) // which keeps a stream open

	watch := newCommand(t, w, "status", "--watch")
	wait(t, "status", func() bool { return strings.Contains(watch.logs.String(), "web") })
	call := newCommand(t, w, "call", "web", "logs_stream", `{"follow":true,"level":"error"}`)
	follow := newCommand(t, w, "logs", "web", "-f")
	wait(t, "lines", func() bool { return strings.Contains(follow.logs.String(), "line") })
	stdin, open, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	cmd := exec.Command(hubProgram, append([]string{"mcp"}, w.serveArgs()...)...)
	cmd.Stdin = stdin
	bridge := start(t, cmd)
	stdin.Close()

	proxy.Blackhole()
	for what, p := range map[string]*program{"watch": watch, "call": call, "follow": follow, "bridge": bridge} {
		endsSoon(t, what, p)
	}
	endsSoon(t, "hub", hub)
	if code := hub.cmd.ProcessState.ExitCode(); code > 0 {
		t.Errorf("the hub's exit code is %d", code)
	}
}

func endsSoon(t *testing.T, what string, p *program) {
	t.Helper()
	began := time.Now()
	if err := interrupt(p.cmd.Process); err != nil {
		t.Fatal(what, err)
	}
	select {
	case <-p.done:
	case <-time.After(soon):
		t.Fatalf("%s does not end", what)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("%s ended after %v with %v", what, took, p.cmd.ProcessState)
	}
}

func TestLogsSinceACursor(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	var cursor string
	var last uint64
	for range 20 {
		args := []string{"logs", "web", "--json"}
		if cursor != "" {
			args = append(args, "--since", cursor)
		}
		out, stderr, code := w.run(t, "", args...)
		if code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		for text := range strings.Lines(out) {
			var rec struct {
				Line   *struct{ Seq uint64 }
				Cursor string
			}
			if err := json.Unmarshal([]byte(text), &rec); err != nil {
				t.Fatal(err)
			}
			switch {
			case rec.Cursor != "":
				cursor = rec.Cursor
			case last != 0 && rec.Line.Seq != last+1:
				t.Fatalf("line %d after line %d", rec.Line.Seq, last)
			default:
				last = rec.Line.Seq
			}
		}
	}
	if last == 0 {
		t.Error("no lines")
	}
	_, stderr, code := w.run(t, "", "logs", "web", "--since", "c1-0-0-0", "-n", "1")
	if code != 0 || !strings.Contains(stderr, "missing") {
		t.Errorf("a cursor of another life: exit %d, %q", code, stderr)
	}
	if _, stderr, code := w.run(t, "", "logs", "web", "--since", "nonsense"); code != 5 || !strings.Contains(stderr, "cursor") {
		t.Errorf("nonsense: exit %d, %q", code, stderr)
	}
}
