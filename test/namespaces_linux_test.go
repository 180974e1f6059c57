//go:build integration

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// needRoot is for what a test can't do without when it makes namespaces.
func needRoot(t *testing.T, programs ...string) {
	t.Helper()
	need(t, programs...)
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("namespaces need root, and with CI=true nothing is skipped")
	}
	t.Skip("namespaces need root")
}

// prepared is a program that starts after a shell script, in the same process.
func (w *world) prepared(script, name string, args ...string) *exec.Cmd {
	cmd := w.command(name, args...)
	cmd.Args = append([]string{"sh", "-ec", script + "\nexec \"$0\" \"$@\"", cmd.Path}, args...)
	cmd.Path = "/bin/sh"
	return cmd
}

// inNetworkOf is a program in the network namespace of another process.
func (w *world) inNetworkOf(pid int, name string, args ...string) *exec.Cmd {
	cmd := w.command("nsenter", append([]string{"--net", "--target", fmt.Sprint(pid), "--", program(name)}, args...)...)
	cmd.Path, cmd.Err = exec.LookPath("nsenter")
	return cmd
}

// ownMounts gives the program mounts of its own: what it mounts nobody else sees, unless by
// way of its view.
func ownMounts(cmd *exec.Cmd) { attributes(cmd).Unshareflags |= syscall.CLONE_NEWNS }

// ownPIDs makes the program the first process of a PID namespace.
func ownPIDs(cmd *exec.Cmd) { attributes(cmd).Cloneflags |= syscall.CLONE_NEWPID }

func ownNetwork(cmd *exec.Cmd) { attributes(cmd).Cloneflags |= syscall.CLONE_NEWNET }

func attributes(cmd *exec.Cmd) *syscall.SysProcAttr {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	return cmd.SysProcAttr
}

// view is path as the process sees it.
func view(cmd *exec.Cmd, path string) string {
	return filepath.Join("/proc", fmt.Sprint(cmd.Process.Pid), "root", path)
}

// instances is the directory of instance files.
func (w *world) instances() string { return filepath.Join(w.dir, "run", "brummer", "instances") }

// files are the instance files in a directory.
func files(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	return found
}

// logTo has a program that is not started yet write its log into a file, and returns what
// has been written so far.
func (w *world) logTo(cmd *exec.Cmd) (soFar func() string) {
	w.t.Helper()
	f, err := os.CreateTemp(w.dir, "log-")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	cmd.Stdout, cmd.Stderr = f, f
	return func() string {
		data, err := os.ReadFile(f.Name())
		if err != nil {
			w.t.Fatal(err)
		}
		return string(data)
	}
}

// count counts the lines that have all the parts.
func count(log string, parts ...string) (n int) {
	for line := range strings.Lines(log) {
		has := true
		for _, part := range parts {
			has = has && strings.Contains(line, part)
		}
		if has {
			n++
		}
	}
	return n
}
