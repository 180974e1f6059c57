package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestStatusJSON(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	out, stderr, code := w.run(t, "", "status", "--json")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var got struct {
		All       map[string]json.RawMessage
		Hub       map[string]any
		Instances []map[string]any
	}
	for _, into := range []any{&got, &got.All} {
		if err := json.Unmarshal([]byte(out), into); err != nil {
			t.Fatal(err)
		}
	}
	keys := func(want string, have []string) {
		t.Helper()
		w := strings.Fields(want)
		slices.Sort(w)
		slices.Sort(have)
		if !slices.Equal(w, have) {
			t.Errorf("keys %q, want %q", have, w)
		}
	}
	keys("hub instances", slices.Collect(maps.Keys(got.All)))
	keys("pid started_at http version ledger limits", slices.Collect(maps.Keys(got.Hub)))
	if len(got.Instances) != 1 {
		t.Fatalf("%d instances", len(got.Instances))
	}
	i := got.Instances[0]
	keys("id name directory state transport session_id epoch connected_since uptime_seconds resumes last_resume "+
		"next_attempt_at last_heard_at rtt_ms unacked_messages unacked_bytes last_error", slices.Collect(maps.Keys(i)))
	if i["name"] != "web" || i["state"] != "active" || i["transport"] != "session" || i["epoch"].(float64) < 1 || i["last_resume"] != nil {
		t.Errorf("%v", i)
	}
	if _, err := time.Parse(time.RFC3339Nano, i["connected_since"].(string)); err != nil {
		t.Error(err)
	}
}

func TestCommands(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	wait(t, "three lines", func() bool {
		out, _, _ := w.run(t, "", "logs", "web", "-n", "3")
		return strings.Count(out, " | line ") == 3
	})
	for _, c := range []struct {
		args           []string
		stdin          string
		code           int
		stdout, stderr string // parts of them
	}{
		{args: []string{"status"}, stdout: "web   active"},
		{args: []string{"call", "web", "scripts_status"}, stdout: "running"},
		{args: []string{"call", "web", "logs_search", "-"}, stdin: `{"query":"line 1"}`, stdout: "line 1"},
		{args: []string{"call", "web", "logs_search", `{"query":"("}`, "--json"}, stdout: `"structuredContent"`},
		{args: []string{"call", "web", "logs_search", `{"query":"(","regex":true}`}, code: 5, stderr: "query"},
		{args: []string{"call", "web", "nonsense"}, code: 5, stderr: "nonsense"},
		{args: []string{"call", "web", "scripts_list", "[]"}, code: 2, stderr: "object"},
		{args: []string{"call", "wbe", "scripts_list"}, code: 4, stderr: "did you mean: web-"},
		{args: []string{"call", "zzzzzzzz", "scripts_list"}, code: 4, stderr: "see brum-hub status"},
		{args: []string{"call", "web"}, code: 2, stderr: "usage"},
		{args: []string{"history", "web"}, stdout: "connecting → active"},
		{args: []string{"history", "web", "--json"}, stdout: `"to":"active"`},
		{args: []string{"logs", "web", "no-such-process"}, code: 5, stderr: "no such process"},
		{args: []string{"logs", "web", "--since", "1h", "-n", "1"}, stdout: "line 1\n"},
		{args: []string{"disconnect", "web"}, stdout: "is stopped"},
		{args: []string{"call", "web", "scripts_list"}, code: 4, stderr: "brum-hub connect"},
		{args: []string{"status"}, stdout: "stopped"},
		{args: []string{"connect", "web"}, stdout: "is active"},
		{args: []string{"call", "web", "scripts_list"}, stdout: "running"},
		{args: []string{"--no-such-flag"}, code: 2, stderr: "no-such-flag"},
		{args: []string{"dance"}, code: 2, stderr: "dance"},
		{args: []string{"--version"}, stdout: "github.com/standardbeagle/brum"},
		{args: []string{"serve", "--help"}, stdout: "--discovery-dir"},
		{args: []string{"doctor", "--help"}, stdout: "close the lid"},
		{args: []string{"doctor", "more"}, code: 2, stderr: "usage"},
		{args: []string{"--help"}, stdout: "Exit codes:"},
	} {
		stdout, stderr, code := w.run(t, c.stdin, c.args...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q; want %d, %q, %q", c.args, code, stdout, stderr, c.code, c.stdout, c.stderr)
		}
		if code != 0 && strings.Count(stderr, "\n") > 1 {
			t.Errorf("%q: more than one line: %q", c.args, stderr)
		}
		if strings.Contains(stdout, "\x1b") {
			t.Errorf("%q: control sequences where no terminal is: %q", c.args, stdout)
		}
	}
}

func TestCommandsWithoutAHub(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{{"status"}, {"status", "--watch"}, {"logs", "x", "-f"}, {"call", "x", "y"}, {"history", "x"}, {"connect", "x"}} {
		if _, stderr, code := w.run(t, "", args...); code != 3 || !strings.Contains(stderr, "brum-hub serve") {
			t.Errorf("%q: exit %d, %q", args, code, stderr)
		}
	}
}

func TestAmbiguousNames(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "twin")
	w.startInstance(t, "twin")
	w.active(t, 2)
	_, stderr, code := w.run(t, "", "call", "twin", "scripts_list")
	if code != 4 || !strings.Contains(stderr, "ambiguous") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	s, err := w.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range s.Instances {
		if !strings.Contains(stderr, i.ID) {
			t.Errorf("%s is no candidate in %q", i.ID, stderr)
		}
		if _, stderr, code := w.run(t, "", "call", i.ID, "scripts_list"); code != 0 {
			t.Errorf("by id: exit %d: %s", code, stderr)
		}
	}
}

func TestSecondHubIsRefused(t *testing.T) {
	w := newWorld(t)
	first := w.startHub(t)
	_, stderr, code := w.run(t, "", append([]string{"serve"}, w.serveArgs()[2:]...)...)
	if code != 8 || !strings.Contains(stderr, "already running") || !strings.Contains(stderr, fmt.Sprint(first.cmd.Process.Pid)) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	w.until(t, "the first hub", func(s *api.Status) bool { return s.Hub.PID == first.cmd.Process.Pid })
}

func TestWatch(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	watch := newCommand(t, w, "status", "--watch")
	w.startInstance(t, "web")
	wait(t, "line about the instance", func() bool { return strings.Contains(watch.logs.String(), "): active") })
	hub.kill()
	wait(t, "line about the hub", func() bool {
		said := watch.logs.String() // the latter if it was just asking
		return strings.Contains(said, "no hub is running") || strings.Contains(said, "the hub went away")
	})
	w.startHub(t)
	if _, _, code := w.run(t, "", "disconnect", "web"); code != 0 {
		t.Fatalf("exit %d", code)
	}
	wait(t, "line about the disconnect", func() bool { return strings.Contains(watch.logs.String(), "): stopped") })
	if strings.Contains(watch.logs.String(), "\x1b") {
		t.Errorf("control sequences where no terminal is: %q", watch.logs.String())
	}
}
