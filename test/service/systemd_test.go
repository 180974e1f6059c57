//go:build integration && linux

package service

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lab is what runs inside: a systemd of a user, with files, processes and a cgroup of its
// own, and the hub's program as that user has it.
const lab = `
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system "$HOME" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
for group in $CGROUPS; do echo 1 > "$group/cgroup.procs"; done
/lib/systemd/systemd --user --log-target=console &
for n in $(seq 100); do
	[ "$(systemctl --user is-system-running 2>/dev/null)" = running ] && break
	sleep 0.1
done
at() { echo; echo "@$1"; shift; "$@" 2>&1; echo "exit $?"; }
at before "$HUB" service status
at install "$HUB" service install --http off --ledger off
at answers sh -c 'for n in $(seq 100); do "$HUB" status && exit; sleep 0.1; done; exit 1'
first=$(systemctl --user show brum-hub --property=MainPID --value)
at again "$HUB" service install --http off --log-level debug
second=$(systemctl --user show brum-hub --property=MainPID --value)
at replaced [ "$first" != "$second" ]
kill -9 "$second"
at restarted sh -c 'for n in $(seq 100); do p=$(systemctl --user show brum-hub --property=MainPID --value); [ "$p" != 0 ] && [ "$p" != '"$second"' ] && exit; sleep 0.1; done; exit 1'
at enabled systemctl --user is-enabled brum-hub
at status "$HUB" service status --json
at uninstall "$HUB" service uninstall
at gone "$HUB" status
"$HUB" serve --http off & # of the user's own
for n in $(seq 100); do "$HUB" status >/dev/null 2>&1 && break; sleep 0.1; done
at taken "$HUB" service install --http off
at nothing "$HUB" service uninstall
`

func need(t *testing.T, what string, there bool) {
	t.Helper()
	if there {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s; with CI=true nothing is skipped", what)
	}
	t.Skipf("missing: %s", what)
}

// cgroups makes one, in each hierarchy that systemd uses, for the systemd of this test, which
// makes its own below it. They have one name, since it expects the same paths in all.
func cgroups(t *testing.T) (dirs []string) {
	t.Helper()
	for _, base := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"} {
		if _, err := os.Stat(filepath.Join(base, "cgroup.procs")); err != nil {
			continue // no hierarchy
		}
		dir := filepath.Join(base, fmt.Sprintf("brum-service-test-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			need(t, "a cgroup to write to ("+err.Error()+")", false)
		}
		t.Cleanup(func() { removeTree(t, dir) })
		dirs = append(dirs, dir)
	}
	need(t, "cgroups", len(dirs) > 0)
	return dirs
}

func removeTree(t *testing.T, dir string) {
	var below []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			below = append(below, path)
		}
		return nil
	})
	for i := len(below) - 1; i >= 0; i-- {
		if err := removed(below[i]); err != nil {
			t.Errorf("left behind: %v", err)
		}
	}
}

// removed removes a cgroup, whose last processes may be on their way out.
func removed(dir string) (err error) {
	for range 100 {
		if err = os.Remove(dir); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// A real systemd takes the unit, starts the hub, starts it again when it is killed, and
// forgets it.
func TestServiceOfSystemd(t *testing.T) {
	t.Parallel()
	need(t, "root, for namespaces", os.Geteuid() == 0)
	_, err := os.Stat("/lib/systemd/systemd")
	need(t, "systemd", err == nil)
	dir := t.TempDir()
	hub := filepath.Join(dir, "with space", "brum-hub")
	if out, err := exec.Command("go", "build", "-o", hub, "github.com/standardbeagle/brum/cmd/brum-hub").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-uc", lab)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/run/home", "XDG_RUNTIME_DIR=/run/user/test", "HUB=" + hub, "CGROUPS=" + strings.Join(cgroups(t), " ")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("the lab: %v", err)
	}
	said := make(map[string]string)
	for _, part := range strings.Split(string(out), "\n@")[1:] {
		name, what, _ := strings.Cut(part, "\n")
		said[name] = what
	}
	for _, want := range []struct{ at, text, exit string }{
		{"before", "service: not installed", "exit 0"},
		{"install", "service: running (systemd, ", "exit 0"},
		{"answers", "hub: process ", "exit 0"},
		{"again", "service: running", "exit 0"},
		{"replaced", "", "exit 0"},
		{"restarted", "", "exit 0"},
		{"enabled", "enabled", "exit 0"},
		{"status", `{"state":"running","manager":"systemd"`, "exit 0"},
		{"uninstall", "service: not installed", "exit 0"},
		{"gone", "no hub is running", "exit 3"},
		{"taken", "is already running", "exit 8"},
		{"nothing", "service: not installed", "exit 0"},
	} {
		got, there := said[want.at]
		if !there || !strings.Contains(got, want.text) || !strings.Contains(got, want.exit+"\n") {
			t.Errorf("%s: %q, want %q and %s", want.at, got, want.text, want.exit)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
