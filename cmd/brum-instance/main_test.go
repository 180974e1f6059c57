//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program, and what the program runs.
func TestMain(m *testing.M) {
	switch os.Getenv("BRUM_TEST_ROLE") {
	case "":
		os.Setenv("GORACE", "atexit_sleep_ms=0")
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // else the tests' own nohup is the programs', too
		os.Exit(m.Run())
	case "instance":
		os.Setenv("BRUM_TEST_ROLE", "child")
		main()
	case "child":
		if len(os.Args) > 1 && os.Args[1] == "stubborn" {
			signal.Ignore(syscall.SIGTERM)
		}
		fmt.Println("pid", os.Getpid())
		for len(os.Args) > 1 && os.Args[1] == "chatty" {
			fmt.Println("on and on")
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Hour)
	}
}

// program starts brum-instance in an empty project, listening anywhere.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, dir string, stdout io.Reader, stderr *text) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	dir = filepath.Join(t.TempDir(), "instances")
	cmd = exec.CommandContext(ctx, os.Args[0], append([]string{"--port", "0", "--dir", t.TempDir(), "--discovery-dir", dir}, args...)...)
	cmd.Env = append(os.Environ(), "BRUM_TEST_ROLE=instance")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr = &text{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, dir, stdout, stderr
}

// text is what a program has written so far.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

func (x *text) wait(t *testing.T, word string) {
	t.Helper()
	await(t, word, func() bool { return strings.Contains(x.String(), word) })
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}

// childPID reads the output up to the child's first line.
func childPID(t *testing.T, stdout io.Reader) int {
	t.Helper()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, number, ok := strings.Cut(strings.TrimSpace(line), "| pid ")
	pid, _ := strconv.Atoi(number)
	if err != nil || !ok || pid == 0 {
		t.Fatalf("%q, %v", line, err)
	}
	return pid
}

// exit waits for the program and returns its exit code.
func exit(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	err := cmd.Wait()
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestSignalsStopEverything(t *testing.T) {
	for _, s := range stopSignals {
		t.Run(s.String(), func(t *testing.T) {
			cmd, dir, stdout, stderr := program(t, "--", os.Args[0])
			pid := childPID(t, stdout)
			await(t, "instance file", func() bool {
				files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
				return len(files) == 1
			})
			cmd.Process.Signal(s)
			if code := exit(t, cmd); code != exitOK {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
			if !gone(pid) {
				t.Error("the child is left")
			}
			if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) > 0 {
				t.Errorf("left: %v", files)
			}
		})
	}
}

// Under nohup the end of a terminal is no reason to stop.
func TestNohup(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", `trap "" HUP; exec "$@"`, "sh", os.Args[0], "--port", "0",
		"--dir", t.TempDir(), "--discovery-dir", filepath.Join(t.TempDir(), "instances"), "--", os.Args[0])
	cmd.Env = append(os.Environ(), "BRUM_TEST_ROLE=instance")
	stderr := &text{}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	childPID(t, stdout)
	cmd.Process.Signal(syscall.SIGHUP)
	cmd.Process.Signal(syscall.SIGUSR1)
	stderr.wait(t, "log level changed") // it has lived on
	cmd.Process.Signal(syscall.SIGTERM)
	if code := exit(t, cmd); code != exitOK || !strings.Contains(stderr.String(), "signal terminated") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

func TestSecondSignalKills(t *testing.T) {
	cmd, _, stdout, stderr := program(t, "--stop-grace", "1h", "--", os.Args[0], "stubborn")
	pid := childPID(t, stdout)
	cmd.Process.Signal(syscall.SIGINT)
	stderr.wait(t, "stopping") // else the two signals may become one
	began := time.Now()
	cmd.Process.Signal(syscall.SIGINT)
	if code := exit(t, cmd); code != exitSignal2 {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if took := time.Since(began); took > 10*time.Second || !gone(pid) {
		t.Errorf("after %v, child gone: %v", took, gone(pid))
	}
}

// A reader that goes away, like head or a tee that got the Ctrl-C first, is no reason to leave
// processes and files behind.
func TestOutputThatNobodyReads(t *testing.T) {
	cmd, dir, stdout, stderr := program(t, "--", os.Args[0], "chatty")
	pid := childPID(t, stdout)
	stderr.wait(t, "registered")
	stdout.(io.Closer).Close()
	if code := exit(t, cmd); code != exitFailed || !strings.Contains(stderr.String(), "broken pipe") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if !gone(pid) {
		t.Error("the child is left")
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) > 0 {
		t.Errorf("left: %v", files)
	}
}

// The names of scripts are the project's, which may come from anywhere.
func TestScriptsWithHostileNames(t *testing.T) {
	dir := t.TempDir()
	hostile := `{"scripts":{"ok":"\u001b]0;x\u0007run","a\u001b[2Jb":"x"}}`
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(hostile), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, _, _, stderr := program(t, "--dir", dir, "nope")
	if code := exit(t, cmd); code != exitFailed || !strings.Contains(stderr.String(), "(there are: a[2Jb, ok)") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	var o options
	o.Dir = dir
	if names, _ := o.scriptNames(nil, nil, ""); len(names) != 1 || names[0] != "ok\t]0;xrun" {
		t.Errorf("%q", names)
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"nope"}, exitFailed, "no such script"},
		{[]string{"--", "brum-no-such-command"}, exitFailed, "brum-no-such-command"},
		{[]string{"--listen", "0.0.0.0"}, exitFailed, "without TLS"},
		{[]string{"--dir", "/brum/no/such/dir"}, exitUsage, "/brum/no/such/dir"},
		{[]string{"--nope"}, exitUsage, "--nope"},
		{[]string{"--port", "70000"}, exitUsage, "65535"},
		{[]string{"--restart", "perhaps"}, exitUsage, "on-failure"},
		{[]string{"--log-buffer", "1KiB"}, exitUsage, "too little"},
		{[]string{"--log-level", "loud"}, exitUsage, "loud"},
		{[]string{"--stop-grace", "-1s"}, exitUsage, "stop-grace"},
		{[]string{"--"}, exitUsage, "command is missing"},
		{[]string{"--version"}, exitOK, "github.com/standardbeagle/brum"},
		{[]string{"--help"}, exitOK, "130  killed by a second signal"},
	} {
		cmd, _, stdout, stderr := program(t, c.args...)
		out, _ := io.ReadAll(stdout)
		if code := exit(t, cmd); code != c.code || !strings.Contains(string(out)+stderr.String(), c.text) {
			t.Errorf("%q: exit code %d, %q %q", c.args, code, out, stderr)
		}
	}
}
