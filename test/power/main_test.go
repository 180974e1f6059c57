//go:build integration && linux

package power

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// powerwatch is the program under test.
var powerwatch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "brum-power-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	powerwatch = filepath.Join(dir, "powerwatch")
	build := exec.Command("go", "build", "-o", powerwatch, "../../internal/powerwatch")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	return m.Run()
}

// need skips a test without root or a program, with CI=true it fails.
func need(t *testing.T, programs map[string]string) {
	t.Helper()
	missing := ""
	if os.Geteuid() != 0 {
		missing = "root is needed for namespaces"
	}
	for name, pkg := range programs {
		if _, err := exec.LookPath(name); err != nil {
			missing = fmt.Sprintf("%s is missing (Debian: apt-get install %s)", name, pkg)
		}
	}
	switch {
	case missing == "":
	case os.Getenv("CI") == "true":
		t.Fatal(missing + ", and with CI=true nothing is skipped")
	default:
		t.Skip(missing)
	}
}

// line is one that powerwatch prints.
type line struct {
	Event  string
	Hook   string
	Source string
	Added  []string
	Major  bool
	Status map[string]struct {
		State     string
		Error     string
		Holds     bool
		HoldError string
		Hints     uint64
		Fails     int
	}
	Online bool
	Addrs  []string
}

// watcher is a powerwatch that runs.
type watcher struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.Writer
	lines chan line
}

// watch starts powerwatch; flags are those of clone(2).
func watch(t *testing.T, flags uintptr, busAddress string, args ...string) *watcher {
	t.Helper()
	w := &watcher{t: t, cmd: exec.Command(powerwatch, args...), lines: make(chan line, 4096)}
	w.cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+busAddress)
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	w.cmd.Stderr = os.Stderr
	in, err := w.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.in = in
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.cmd.Process.Kill()
		w.cmd.Wait()
	})
	go func() {
		defer close(w.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			var l line
			if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
				t.Errorf("%s: %v", scan.Text(), err)
			}
			w.lines <- l
		}
	}()
	return w
}

// wait returns the first line that ok likes.
func (w *watcher) wait(what string, ok func(line) bool) line {
	w.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case l, open := <-w.lines:
			if !open {
				w.t.Fatalf("powerwatch ended; waiting for: %s", what)
			}
			if ok(l) {
				return l
			}
		case <-timeout:
			w.t.Fatalf("never happened: %s", what)
		}
	}
}

// event waits for one.
func (w *watcher) event(kind string) line {
	w.t.Helper()
	return w.wait(kind, func(l line) bool { return l.Event == kind })
}

// status asks until ok likes the answer. It gives the events that came meanwhile.
func (w *watcher) status(what string, ok func(line) bool) (s line, events []line) {
	w.t.Helper()
	for {
		if _, err := io.WriteString(w.in, "\n"); err != nil {
			w.t.Fatal(err)
		}
		s = w.wait(what, func(l line) bool {
			if l.Event != "" {
				events = append(events, l)
			}
			return l.Status != nil
		})
		if ok(s) {
			return s, events
		}
		time.Sleep(5 * time.Millisecond) // nothing announces it
	}
}
