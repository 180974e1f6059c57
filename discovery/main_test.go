package discovery

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
	"go.uber.org/goleak"
)

// The test binary plays other processes when this variable names a role.
const envRole = "BRUM_DISCOVERY_TEST_ROLE"

// And its kernel refuses file locks and notification if this one is set.
const envDeny = "BRUM_DISCOVERY_TEST_DENY"

var denyLocksAndNotification = func() error { return errors.ErrUnsupported }

func TestMain(m *testing.M) {
	if role := os.Getenv(envRole); role != "" {
		if os.Getenv(envDeny) != "" {
			if err := denyLocksAndNotification(); err != nil {
				fmt.Fprintln(os.Stderr, role, err)
				os.Exit(1)
			}
		}
		go func() { // no child outlives its parent
			io.Copy(io.Discard, os.Stdin)
			if role != "churn" && role != "instance" && role != "follow" {
				os.Exit(0)
			}
			close(stdinClosed)
		}()
		if err := roles[role](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, role, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

var stdinClosed = make(chan struct{})

var roles = map[string]func(args []string) error{
	"churn": churn, "writer": writer, "holder": holder, "instance": instanceRole, "probe": probe,
	"follow": follow,
}

// child is a process that plays a role.
type child struct {
	*exec.Cmd
	t     *testing.T
	stdin io.WriteCloser
	lines *bufio.Scanner
}

func start(t *testing.T, role string, args ...string) *child {
	t.Helper()
	c := prepareChild(t, role, args...)
	c.start()
	return c
}

func prepareChild(t *testing.T, role string, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self, args...), t: t}
	// The race detector makes a process sleep for a second before it exits.
	c.Env = append(os.Environ(), envRole+"="+role, "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	c.Stderr = os.Stderr
	return c
}

func (c *child) start() {
	c.t.Helper()
	var err error
	if c.stdin, err = c.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	if err := c.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

// line waits for the next line of the child.
func (c *child) line() string {
	c.t.Helper()
	if !c.lines.Scan() {
		c.t.Fatalf("the child ended: %v", c.lines.Err())
	}
	return c.lines.Text()
}

// finish tells the child to end and waits for it.
func (c *child) finish() {
	c.t.Helper()
	c.stdin.Close()
	for c.lines.Scan() {
	}
	if err := c.Wait(); err != nil {
		c.t.Errorf("child: %v", err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func testDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "brummer", "instances")
}

func open(t *testing.T, config Config) *Registry {
	t.Helper()
	if config.Dir == "" {
		config.Dir = testDir(t)
	}
	if config.Log == nil {
		config.Log = quiet()
	}
	r, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// endpoint returns a port that accepts connections.
func endpoint(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func sample(id string, port int) Instance {
	return Instance{ID: id, Name: "shop", Directory: "/src/shop", Port: port, Token: "secret",
		SessionURL: fmt.Sprintf("ws://127.0.0.1:%d/session", port), Protocol: VersionRange{1, 2}}
}

func register(t *testing.T, r *Registry, id string) *Registration {
	t.Helper()
	reg, err := r.Register(within(t, 10*time.Second), sample(id, endpoint(t)))
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func watch(t *testing.T, r *Registry) *Watcher {
	t.Helper()
	w, err := r.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// expect waits for the next event.
func expect(t *testing.T, w *Watcher, change Change, id string) Instance {
	t.Helper()
	event, err := w.Next(within(t, 20*time.Second))
	if err != nil {
		t.Fatalf("waiting for %s %s: %v", id, change, err)
	}
	if event.Change != change || event.Instance.ID != id {
		t.Fatalf("got %s %s, want %s %s", event.Instance.ID, event.Change, id, change)
	}
	return event.Instance
}

// eventually waits until ok holds; nothing announces what it is used for.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// always is a decision for Registry.replace.
func always(publish func() error) error { return publish() }

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if e.Name() != lockName && !strings.HasPrefix(e.Name(), probePrefix()) {
			list = append(list, e.Name())
		}
	}
	return list
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// legacy is a file of an old brummer.
func legacy(id string, pid int) string {
	return strings.NewReplacer("ID", id, "PID", fmt.Sprint(pid)).Replace(
		`{"id":"ID","name":"shop","directory":"/src/shop","port":7777,"started_at":"2026-05-04T10:00:00.123456789+02:00","last_ping":"2026-05-04T10:00:30+02:00","process_info":{"pid":PID,"executable":"/usr/bin/brum"}}`)
}

// allNames includes what names leaves out.
func allNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	fatal(t, err)
	list := make([]string, len(entries))
	for n, e := range entries {
		list[n] = e.Name()
	}
	return list
}
