package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSlipsAreNamed(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"statsu"}, "did you mean status?"},
		{[]string{"service", "instal"}, "did you mean install?"},
		{[]string{"status", "--jsno"}, "did you mean --json?"},
		{[]string{"mcp", "--print-config", "vscod"}, "did you mean vscode?"},
		{[]string{"serve", "--log-level", "loud"}, "want debug, info, warn, error"},
	} {
		_, errs, code := w.run(t, "", tt.args...)
		if code != 2 || !strings.Contains(errs, tt.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit %d, %q; want %q", tt.args, code, errs, tt.want)
		}
	}
}

func TestCompletions(t *testing.T) {
	w := newWorld(t)
	offers := func(args ...string) string {
		t.Helper()
		args = append([]string{"__complete", "--socket", w.socket()}, args...)
		out, _, code := w.plainRun(t, args...)
		if code != 0 {
			t.Errorf("%q: exit %d", args, code)
		}
		return out
	}
	if got := offers("logs", ""); !strings.HasPrefix(got, ":4\n") {
		t.Errorf("without a hub there is %q", got)
	}
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{""}, "status\tTell how"},
		{[]string{"logs", ""}, "web\tactive, " + w.dir},
		{[]string{"history", ""}, "web\t"},
		{[]string{"call", "web", "logs_"}, "logs_search\t"},
		{[]string{"logs", "web", ""}, "-1\trunning, "},
		{[]string{"logs", "web", "--level", ""}, "error\n"},
		{[]string{"serve", "--ledger", ""}, "best-effort\n"},
		{[]string{"mcp", "--print-config", ""}, "cursor\n"},
	} {
		if got := offers(tt.args...); !strings.Contains(got, tt.want) {
			t.Errorf("%q: no %q in %q", tt.args, tt.want, got)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, _, code := w.plainRun(t, "completion", shell); code != 0 || !strings.Contains(out, "__complete") {
			t.Errorf("%s: exit %d, %d bytes", shell, code, len(out))
		}
	}
}

// What is printed to be pasted starts this very program.
func TestPrintConfig(t *testing.T) {
	w := newWorld(t)
	for tool, key := range map[string]string{"claude": "mcpServers", "cursor": "mcpServers", "vscode": "servers"} {
		out, errs, code := w.run(t, "", "mcp", "--print-config", tool, "--http", "off", "--state-dir", w.state())
		if code != 0 || strings.Count(errs, "\n") != 1 {
			t.Fatalf("%s: exit %d: %s", tool, code, errs)
		}
		var config map[string]map[string]struct {
			Type, Command string
			Args          []string
		}
		if err := json.Unmarshal([]byte(out), &config); err != nil {
			t.Fatalf("%s: %v", tool, err)
		}
		entry := config[key]["brum"]
		if (entry.Type == "stdio") != (tool == "vscode") {
			t.Errorf("%s: type %q", tool, entry.Type)
		}
		if same(t, entry.Command, hubProgram); entry.Args[0] != "mcp" {
			t.Errorf("%s: %q", tool, entry.Args)
		}
		for _, want := range []string{"--http=off", "--socket=" + w.socket(), "--state-dir=" + w.state()} {
			if !strings.Contains(strings.Join(entry.Args, "\n")+"\n", want+"\n") {
				t.Errorf("%s: no %s in %q", tool, want, entry.Args)
			}
		}
	}
}

func same(t *testing.T, a, b string) {
	t.Helper()
	ia, erra := os.Stat(a)
	ib, errb := os.Stat(b)
	if erra != nil || errb != nil || !os.SameFile(ia, ib) {
		t.Errorf("%s is not %s: %v, %v", a, b, erra, errb)
	}
}

// The log goes where it is told, as JSON, and tells no more than it is to.
func TestLogFileAndLevel(t *testing.T) {
	for level, told := range map[string]bool{"info": true, "error": false} {
		w := newWorld(t)
		t.Setenv("BRUM_LOG_LEVEL", level)
		file := filepath.Join(w.dir, "hub.log")
		hub := w.startHub(t, "--log-file", file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(data), `"msg":"hub ready"`); got != told {
			t.Errorf("level %s: told is %v: %s", level, got, data)
		}
		for line := range strings.Lines(string(data)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		if hub.logs.String() != "" {
			t.Errorf("on standard error: %s", hub.logs)
		}
	}
}

func TestPagesOfTheManual(t *testing.T) {
	w := newWorld(t)
	out, _, code := w.plainRun(t, "man")
	if code != 0 {
		t.Fatalf("exit %d", code)
	}
	for _, want := range []string{`.TH "BRUM\-HUB" "1"`, `.SS "logs INSTANCE [PROCESS]"`, `.SS "service install"`, `\fB\-\-follow`} {
		if !strings.Contains(out, want) && !strings.Contains(out, strings.Replace(want, `\fB`, `, `, 1)) {
			t.Errorf("no %q", want)
		}
	}
	home, _ := os.UserHomeDir()
	if home != "" && home != "/" && strings.Contains(out, home+"/") {
		t.Errorf("tells of %s", home)
	}
}

// The level can be changed while the hub runs, by the command and by a client of the API alike.
func TestLogLevelOfARunningHub(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t, "--log-level", "warn")
	if out, _, code := w.run(t, "", "log-level"); code != 0 || out != "warn\n" {
		t.Fatalf("exit %d: %q", code, out)
	}
	if strings.Contains(hub.logs.String(), "hub ready") {
		t.Errorf("told at level warn: %s", hub.logs)
	}
	if _, errs, code := w.run(t, "", "log-level", "loud"); code != 2 || !strings.Contains(errs, "want debug") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code := w.run(t, "", "log-level", "debug"); code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
	if out, _, _ := w.run(t, "", "log-level"); out != "debug\n" {
		t.Errorf("now it is %q", out)
	}
	w.startInstance(t, "web")
	w.active(t, 1)
	wait(t, "a line of level info", func() bool { return strings.Contains(hub.logs.String(), "instance found") })
}
