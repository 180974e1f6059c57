//go:build unix

package discovery

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestB2_stopped_is_no_death(t *testing.T) {
	r := open(t, Config{Check: 5 * time.Millisecond, Scan: 10 * time.Millisecond})
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	w := watch(t, r)
	expect(t, w, Added, "a")
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	passes(t, r)
	if !exists(pathOf(r.Dir(), "a")) || len(w.Instances()) != 1 {
		t.Error("a stopped process was removed")
	}
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.finish()
	expect(t, w, Removed, "a")
}

// A child under another user may not signal the process it asks about.
func TestB4_forbidden_is_alive(t *testing.T) {
	target, c := 1, prepareChild(t, "probe", "1")
	if os.Geteuid() == 0 {
		// The test's binary lies where only root can go.
		dir := t.TempDir()
		for _, d := range []string{dir, filepath.Dir(dir)} {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		binary, err := os.ReadFile(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		c.Path = filepath.Join(dir, "probe")
		if err := os.WriteFile(c.Path, binary, 0o755); err != nil {
			t.Fatal(err)
		}
		c.Dir = "/"
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	} else if err := syscall.Kill(target, 0); err != syscall.EPERM {
		t.Fatalf("signalling process %d: %v", target, err)
	}
	c.start()
	if got := c.line(); got != Alive.String() {
		t.Errorf("process %d is %s", target, got)
	}
}
