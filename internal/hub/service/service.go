package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Name of the service, where its manager does not ask for another form.
const Name = "brum-hub"

// Spec is what the service runs. Paths are absolute.
type Spec struct {
	Program string
	Args    []string
	// Log is the file for what the program prints, where the manager keeps no log itself.
	Log string
}

// State of the service.
type State string

const (
	NotInstalled State = "not installed"
	Stopped      State = "stopped" // installed, but not running
	Running      State = "running"
	Installed    State = "installed" // whether it runs its manager could not tell
)

// Status tells how the service is doing.
type Status struct {
	State   State  `json:"state"`
	Manager string `json:"manager"`
	File    string `json:"file"` // that describes it to the manager
	Detail  string `json:"detail,omitempty"`
}

// Manager starts services at login. Its methods may not be called concurrently.
type Manager interface {
	// Install makes the service, or replaces it, and starts it.
	Install(ctx context.Context, s Spec) (Status, error)
	// Uninstall stops the service and removes it. It is no error if there is none.
	Uninstall(ctx context.Context) (Status, error)
	Status(ctx context.Context) (Status, error)
}

// UnavailableError says that this machine has nothing that would start the service.
type UnavailableError struct {
	Manager string
	Reason  string
	Err     error // may be nil
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("no service here: %s: %s; start brum-hub serve by what your system has instead", e.Manager, e.Reason)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// CommandError is a tool of the manager that failed.
type CommandError struct {
	Command string
	Output  string // its beginning
	Err     error
}

func (e *CommandError) Error() string {
	if e.Output != "" {
		return fmt.Sprintf("%s: %s (%v)", e.Command, e.Output, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Command, e.Err)
}

func (e *CommandError) Unwrap() error { return e.Err }

// ForThisMachine is the manager that this system has, or an *UnavailableError.
func ForThisMachine() (Manager, error) {
	switch runtime.GOOS {
	case "linux":
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, err
		}
		return &systemd{dir: filepath.Join(dir, "systemd", "user"), run: run}, nil
	case "darwin":
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		return &launchd{dir: filepath.Join(home, "Library", "LaunchAgents"), uid: os.Getuid(), run: run}, nil
	case "windows":
		return newTaskScheduler(run)
	}
	return nil, &UnavailableError{Manager: runtime.GOOS, Reason: "brum knows no way to start programs at login on this system"}
}

// runner runs a tool and returns what it printed.
type runner func(ctx context.Context, name string, args ...string) (string, error)

const (
	toolTimeout = 30 * time.Second
	maxOutput   = 64 << 10
	maxQuoted   = 400 // of it in an error
)

func run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out := &limited{room: maxOutput}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	if err != nil {
		err = &CommandError{
			Command: strings.Join(append([]string{filepath.Base(name)}, args...), " "),
			Output:  quoted(out.String()),
			Err:     err,
		}
	}
	return out.String(), err
}

// quoted is one line of what a tool has printed.
func quoted(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.ToValidUTF8(s[:min(len(s), maxQuoted)], "")
}

// limited keeps the beginning of what is written.
type limited struct {
	bytes.Buffer
	room int
}

func (l *limited) Write(p []byte) (int, error) {
	keep := min(len(p), l.room)
	l.room -= keep
	l.Buffer.Write(p[:keep])
	return len(p), nil
}

// exitedWith reports whether err is that of a tool that ran and ended with a code of these.
func exitedWith(err error, codes ...int) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if exit.ExitCode() == c {
			return true
		}
	}
	return false
}

// write puts a file into place at once, so that a manager never reads half of it.
func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
