//go:build integration

package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

// world is a machine of its own for one test: a hub, and instances behind networks that can be
// broken.
type world struct {
	t    *testing.T
	dir  string
	port int
	hub  *process

	projects []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "bb") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"state", "found"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return &world{t: t, dir: dir, port: freePort(t)}
}

// freePort is one that the hub can come back to: not one of those that connections take.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		if ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func (w *world) base() string   { return fmt.Sprintf("http://127.0.0.1:%d", w.port) }
func (w *world) socket() string { return filepath.Join(w.dir, "s") }

// process is a running program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (w *world) start(cmd *exec.Cmd) *process {
	w.t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	w.t.Cleanup(func() {
		p.stop()
		if w.t.Failed() {
			w.t.Logf("%v:\n%s", cmd.Args, log.Bytes()[max(0, log.Len()-4096):])
		}
	})
	return p
}

// stop has the program end in order.
func (p *process) stop() {
	if p.cmd.Process.Signal(os.Interrupt) != nil {
		p.cmd.Process.Kill()
	}
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.kill()
	}
}

// kill is kill -9.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

func (w *world) startHub() {
	w.t.Helper()
	w.hub = w.start(exec.Command(program("brum-hub"), "serve", "--socket", w.socket(), "--state-dir", filepath.Join(w.dir, "state"),
		"--discovery-dir", filepath.Join(w.dir, "found"), "--http", fmt.Sprintf("127.0.0.1:%d", w.port)))
	w.await("the hub", func() bool { return w.command("status").Run() == nil })
}

func (w *world) command(args ...string) *exec.Cmd {
	return exec.Command(program("brum-hub"), append(args, "--socket", w.socket())...)
}

// link is a fresh link to the page.
func (w *world) link() string {
	w.t.Helper()
	out, err := w.command("open", "--print").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// instance is one that runs, behind a network.
type instance struct {
	*process
	id    string
	proxy *faultproxy.Proxy
}

// startInstance starts an instance that runs what play does, and that the hub reaches through a
// proxy: its file, as the hub sees it, names the proxy.
func (w *world) startInstance(name, play string) *instance {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	aside, err := os.MkdirTemp(w.dir, "aside-")
	if err != nil {
		w.t.Fatal(err)
	}
	command := filepath.Join(aside, play) // so that the process has that name
	if err := os.Symlink(self, command); err != nil {
		w.t.Fatal(err)
	}
	project := filepath.Join(w.dir, fmt.Sprint("project-", len(w.projects)))
	if !strings.ContainsAny(name, "/<") {
		project = filepath.Join(w.dir, name)
	}
	w.projects = append(w.projects, project)
	if err := os.Mkdir(project, 0o700); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(program("brum-instance"), "--name", name, "--dir", project, "--port", "0", "--discovery-dir", aside, "--quiet", "--stop-grace", "100ms", "--", command)
	cmd.Env = append(os.Environ(), playVariable+"="+play)
	i := &instance{process: w.start(cmd)}
	var file string
	w.await("the file of "+name, func() bool {
		files, _ := filepath.Glob(filepath.Join(aside, "*.json"))
		if len(files) == 1 {
			file = files[0]
		}
		return len(files) == 1
	})
	record := w.readRecord(file)
	i.id = record["id"].(string)
	if i.proxy, err = faultproxy.New(fmt.Sprintf("127.0.0.1:%v", record["port"])); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { i.proxy.Close() })
	record["session_url"] = "ws://" + i.proxy.Addr() + "/session"
	w.announce(record)
	return i
}

func (w *world) readRecord(file string) map[string]any {
	w.t.Helper()
	data, err := os.ReadFile(file)
	record := map[string]any{}
	if err == nil {
		err = json.Unmarshal(data, &record)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return record
}

// announce puts an instance's file, whole, to where the hub looks.
func (w *world) announce(record map[string]any) {
	w.t.Helper()
	data, err := json.Marshal(record)
	if err != nil {
		w.t.Fatal(err)
	}
	staged := filepath.Join(w.dir, "staged")
	if err := os.WriteFile(staged, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(staged, filepath.Join(w.dir, "found", fmt.Sprint(record["id"], ".json"))); err != nil {
		w.t.Fatal(err)
	}
}

// await waits until ok, which may take as long as a very busy machine needs.
func (w *world) await(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waiting for %s: in vain", what)
		}
	}
}
