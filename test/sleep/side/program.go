//go:build sleep && linux

package side

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is a process.
type Program struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

// Run starts a program with these settings beside those of the environment. What it prints is
// kept.
func Run(env []string, path string, args ...string) (*Program, error) {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	p := &Program{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		cmd.Wait()
	}()
	return p, nil
}

// Write implements io.Writer for what the program prints.
func (p *Program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

// Log is all that the program has printed.
func (p *Program) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// Lines are those lines of the log that match.
func (p *Program) Lines(pattern *regexp.Regexp) []string {
	var found []string
	for line := range strings.Lines(p.Log()) {
		if pattern.MatchString(line) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// Stop asks the program to end, and makes it end after a while.
func (p *Program) Stop() {
	if p == nil {
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	patience := time.AfterFunc(3*time.Second, func() { p.cmd.Process.Kill() })
	defer patience.Stop()
	<-p.done
}

func (p *Program) String() string {
	return fmt.Sprintf("%s:\n%s", filepath.Base(p.cmd.Path), tail(p.Log()))
}

// tail is what people will want to read of a log.
func tail(s string) string {
	const most = 16 << 10
	return s[max(0, len(s)-most):]
}
