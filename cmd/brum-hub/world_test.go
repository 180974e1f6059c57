package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// soon bounds waits for what should take moments.
const soon = 20 * time.Second

// world is a machine of its own for one test, as far as brum can see.
type world struct {
	dir    string
	client *control.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// Not t.TempDir: the path of a socket may have about a hundred bytes.
	dir, err := os.MkdirTemp("", "bh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{dir: dir}
	for _, d := range []string{w.state(), w.discovery()} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.client = control.NewClient(w.socket())
	return w
}

func (w *world) socket() string    { return filepath.Join(w.dir, "hub.sock") }
func (w *world) state() string     { return filepath.Join(w.dir, "state") }
func (w *world) discovery() string { return filepath.Join(w.dir, "found") }

// serveArgs are the flags that a hub of this world needs.
func (w *world) serveArgs() []string {
	return []string{"--socket", w.socket(), "--state-dir", w.state(), "--discovery-dir", w.discovery(), "--http", "127.0.0.1:0"}
}

// program is a process under test.
type program struct {
	cmd  *exec.Cmd
	logs *buffer
	done chan struct{} // closed when it has ended
}

// buffer collects output; it may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts a program that ends with the test.
func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{cmd: cmd, logs: new(buffer), done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p.logs
	}
	cmd.Stderr = p.logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(cmd.Args, " "), tail(p.logs.String()))
		}
	})
	return p
}

func tail(s string) string {
	const most = 4 << 10
	return s[max(0, len(s)-most):]
}

// kill is kill -9.
func (p *program) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// startHub starts a hub and waits until it answers.
func (w *world) startHub(t *testing.T, more ...string) *program {
	t.Helper()
	args := append(append([]string{"serve"}, w.serveArgs()...), more...)
	p := start(t, exec.Command(hubProgram, args...))
	w.until(t, "an answer of the hub", func(*api.Status) bool { return true })
	return p
}

// startInstance starts an instance whose process prints numbered lines.
func (w *world) startInstance(t *testing.T, name string) *program {
	t.Helper()
	return startInstance(t, name, w.discovery(), w.dir, countingVariable+"=1")
}

// startInstance starts an instance whose process is this program, with a variable that says
// what it is to do.
func startInstance(t *testing.T, name, discovery, dir, play string, more ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--name", name, "--dir", dir, "--port", "0", "--discovery-dir", discovery, "--quiet", "--stop-grace", "100ms"}
	cmd := exec.Command(instanceProgram, append(append(args, more...), "--", self)...)
	cmd.Env = append(os.Environ(), play)
	p := start(t, cmd)
	t.Cleanup(func() {
		// In order, so that its own process ends with it.
		interrupt(p.cmd.Process)
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
		}
	})
	return p
}

// startInstanceBehind starts an instance that the hub reaches through a proxy: its file, as
// the hub sees it, names the proxy.
func (w *world) startInstanceBehind(t *testing.T, name string) (*program, *faultproxy.Proxy) {
	t.Helper()
	return w.startBehind(t, name, countingVariable+"=1")
}

func (w *world) startBehind(t *testing.T, name, play string) (*program, *faultproxy.Proxy) {
	t.Helper()
	aside := filepath.Join(w.dir, "aside-"+name)
	if err := os.Mkdir(aside, 0o700); err != nil {
		t.Fatal(err)
	}
	p := startInstance(t, name, aside, w.dir, play)
	var file string
	wait(t, "the instance's file", func() bool {
		files, _ := filepath.Glob(filepath.Join(aside, "*.json"))
		if len(files) == 1 {
			file = files[0]
		}
		return len(files) == 1
	})
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	proxy, err := faultproxy.New(fmt.Sprintf("127.0.0.1:%v", record["port"]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	record["session_url"] = "ws://" + proxy.Addr() + "/session"
	if data, err = json.Marshal(record); err != nil {
		t.Fatal(err)
	}
	staged := filepath.Join(w.dir, "staged-"+name)
	if err := os.WriteFile(staged, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(staged, filepath.Join(w.discovery(), filepath.Base(file))); err != nil {
		t.Fatal(err)
	}
	return p, proxy
}

// wait polls a condition.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(soon)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// until polls the hub's status.
func (w *world) until(t *testing.T, what string, ok func(*api.Status) bool) {
	t.Helper()
	var last []byte
	deadline := time.Now().Add(soon)
	for {
		s, err := w.client.Status(t.Context())
		if err == nil && ok(s) {
			return
		}
		last, _ = json.Marshal(s)
		if time.Now().After(deadline) {
			t.Fatalf("no %s: %v, %s", what, err, last)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// active waits until so many instances are active, and no others are there.
func (w *world) active(t *testing.T, n int) {
	t.Helper()
	w.until(t, fmt.Sprint(n, " active instances"), func(s *api.Status) bool {
		for _, i := range s.Instances {
			if i.RawState != api.Active {
				return false
			}
		}
		return len(s.Instances) == n
	})
}

// run runs a command of the hub's program to its end.
func (w *world) run(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return w.runExactly(t, stdin, append(args, "--socket", w.socket())...)
}

// plainRun runs the hub's program with just these arguments.
func (w *world) plainRun(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return w.runExactly(t, "", args...)
}

func (w *world) runExactly(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	cmd := exec.CommandContext(ctx, hubProgram, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), errs.String(), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), 0
}

// follower is a `logs -f --json`, whose lines must come without gap or repetition.
type follower struct {
	t     *testing.T
	lines *bufio.Scanner
	last  uint64
}

func (w *world) follow(t *testing.T, instance string) *follower {
	t.Helper()
	r, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(hubProgram, "logs", instance, "-f", "--json", "--socket", w.socket())
	cmd.Stdout = out
	start(t, cmd)
	out.Close()
	t.Cleanup(func() { r.Close() })
	return &follower{t: t, lines: bufio.NewScanner(r)}
}

// upTo reads until that line; others may follow.
func (f *follower) upTo(n uint64) {
	f.t.Helper()
	watchdog := time.AfterFunc(soon, func() { panic(fmt.Sprintf("no line %d, the last was %d", n, f.last)) })
	defer watchdog.Stop()
	for f.last < n {
		if !f.lines.Scan() {
			f.t.Fatalf("the follow ended after line %d: %v", f.last, cmpErr(f.lines.Err(), io.EOF))
		}
		var rec struct {
			Line *struct {
				Seq  uint64
				Text string
			}
			Gap json.RawMessage
		}
		if err := json.Unmarshal(f.lines.Bytes(), &rec); err != nil {
			f.t.Fatalf("%v: %s", err, f.lines.Bytes())
		}
		switch {
		case rec.Gap != nil:
			f.t.Fatalf("a gap after line %d: %s", f.last, rec.Gap)
		case rec.Line == nil:
		case f.last != 0 && rec.Line.Seq != f.last+1:
			f.t.Fatalf("line %d after line %d", rec.Line.Seq, f.last)
		case rec.Line.Text != fmt.Sprint("line ", rec.Line.Seq):
			f.t.Fatalf("line %d is %q", rec.Line.Seq, rec.Line.Text)
		default:
			f.last = rec.Line.Seq
		}
	}
}

func cmpErr(err, other error) error {
	if err == nil {
		return other
	}
	return err
}
