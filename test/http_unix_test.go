//go:build integration && unix

package test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/brummertest"
)

// announceBrummer writes the file that an existing brummer announces itself by.
func (w *world) announceBrummer(id, name, rawURL string) {
	w.t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		w.t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		w.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	now := time.Now().Format(time.RFC3339Nano)
	data, err := json.Marshal(map[string]any{
		"id": id, "name": name, "directory": w.dir, "port": port, "started_at": now, "last_ping": now,
		"process_info": map[string]any{"pid": os.Getpid(), "executable": self},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "run", "brummer", "instances")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, id+".json"), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// transports tells how each instance is reached, by name, once all are active.
func (w *world) transports(n int) map[string]string {
	w.t.Helper()
	w.await("all instances", func() bool { return w.allActive(n) })
	out, err := w.command("brum-hub", "status", "--json").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	var s struct {
		Instances []struct {
			Name        string   `json:"name"`
			Transport   string   `json:"transport"`
			Unavailable []string `json:"unavailable"`
		} `json:"instances"`
	}
	if err := json.Unmarshal(out, &s); err != nil {
		w.t.Fatal(err)
	}
	by := make(map[string]string)
	for _, i := range s.Instances {
		by[i.Name] = i.Transport
		if (len(i.Unavailable) > 0) != (i.Transport == "http") {
			w.t.Errorf("%+v", i)
		}
	}
	return by
}

// D3, M6: the same programs, with sessions and without, whether the flag or the environment
// says so, beside an existing brummer in both settings: tools are called, logs followed without
// a line lost or repeated, restarts noticed.
func TestM6_SessionsOnAndOff(t *testing.T) {
	for _, of := range []struct {
		name, transport, env, flag string
	}{
		{"sessions", "session", "", ""},
		{"environment", "http", "false", ""},
		{"flag", "http", "true", "--robust-networking=false"},
		{"flag-on", "session", "false", "--robust-networking"},
	} {
		t.Run(of.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if of.env != "" {
				w.env = append(w.env, "BRUMMER_USE_ROBUST_NETWORKING="+of.env)
			}
			old := brummertest.New(t)
			w.announceBrummer("shop-0123456789abcdef", "shop", old.URL)
			const script = `i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done; exec sleep 600`
			start := func() *exec.Cmd {
				cmd := w.command("brum-instance", "--name", "counter", "--port", "0", "--quiet", "--", "sh", "-c", script)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				return cmd
			}
			instance := start()
			defer func() { instance.Process.Signal(os.Interrupt); instance.Wait() }()
			args := []string{"serve", "--http", "off"}
			if of.flag != "" {
				args = append(args, of.flag)
			}
			w.start(w.command("brum-hub", args...))
			if got := w.transports(2); got["counter"] != of.transport || got["shop"] != "http" {
				t.Fatalf("%v", got)
			}
			text, err := w.command("brum-hub", "status").Output()
			if err != nil || strings.Contains(string(text), "sessions are OFF") != (of.transport == "http") ||
				!strings.Contains(string(text), "over HTTP: ") {
				t.Errorf("%v\n%s", err, text)
			}

			lines := w.follow("counter")
			theirs := w.follow("shop")
			for i := range 40 {
				old.Write(time.Now().UnixNano(), "dev", fmt.Sprint("shop ", i+1), 1)
				w.expect(lines, fmt.Sprint("line ", i+1))
				w.expect(theirs, fmt.Sprint("shop ", i+1))
			}
			for instance, want := range map[string]string{"counter": `"sh"`, "shop": `{"dev":"vite"}`} {
				out, err := w.command("brum-hub", "call", instance, "scripts_list", "--json").Output()
				if err != nil || !strings.Contains(strings.ReplaceAll(string(out), `\"`, `"`), want) {
					t.Errorf("%s: %v\n%s", instance, err, out)
				}
			}
			if out, err := w.command("brum-hub", "call", "counter", "scripts_stop", `{"processId":"sh"}`).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			out, err := w.command("brum-hub", "calls", "--json").Output()
			if err != nil || !strings.Contains(string(out), "scripts_stop") || !strings.Contains(string(out), "done") {
				t.Errorf("%v\n%s", err, out)
			}

			before, err := w.status()
			if err != nil {
				t.Fatal(err)
			}
			if err := instance.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			instance.Wait()
			instance = start()
			w.await("the new instance", func() bool {
				now, err := w.status()
				return err == nil && w.allActive(2) && now.Instances[0].ID != before.Instances[0].ID
			})
		})
	}
}

// expect takes the next line, which has to be that one.
func (w *world) expect(lines <-chan string, want string) {
	w.t.Helper()
	select {
	case got, ok := <-lines:
		if !ok || got != want {
			w.t.Fatalf("%q came, want %q", got, want)
		}
	case <-time.After(30 * time.Second):
		w.t.Fatalf("%q does not come", want)
	}
}

// A setting that is neither is an error in how the hub was started, said before anything is done.
func TestM6_BadSetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, args := range [][]string{{"serve", "--robust-networking=perhaps"}, {"serve"}, {"mcp"}, {"service", "install"}} {
		cmd := w.command("brum-hub", args...)
		if len(args) == 1 || args[0] == "service" {
			cmd.Env = append(cmd.Env, "BRUMMER_USE_ROBUST_NETWORKING=perhaps")
		}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), `"perhaps": want true`) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}
