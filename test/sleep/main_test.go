//go:build sleep && linux

package sleep

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// insideVariable names the directory with what the tests need, once that is there and this
// program runs in a network of its own.
const insideVariable = "BRUM_SLEEP_TEST"

// missing says what the tests lack, if they can't be run.
var missing error

func TestMain(m *testing.M) {
	if inside := os.Getenv(insideVariable); inside != "" {
		code := m.Run()
		if theLab != nil {
			theLab.close()
		}
		os.Exit(code)
	}
	dir, err := os.MkdirTemp("", "brum-sleep-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := 1
	if missing = prepare(dir); missing != nil {
		code = m.Run()
	} else {
		code, err = enterNetwork(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// enterNetwork runs this program again in a network namespace of its own, and ends all
// processes that it leaves behind.
func enterNetwork(dir string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideVariable+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start in a network of its own: %w", err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // ESRCH if it has left nothing
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return max(1, cmd.ProcessState.ExitCode()), nil
	}
	return cmd.ProcessState.ExitCode(), err
}
