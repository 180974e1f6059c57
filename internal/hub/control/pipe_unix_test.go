//go:build unix

package control

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A pipe that nobody writes to keeps nobody waiting.
func TestPipesInsteadOfFiles(t *testing.T) {
	dir := t.TempDir()
	token, socket := filepath.Join(dir, "token"), filepath.Join(dir, "hub.sock")
	for _, path := range []string{token, pidFile(socket)} {
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := LoadToken(token); err == nil || !strings.Contains(err.Error(), token+" is no regular file") {
			t.Errorf("a token that is a pipe: %v", err)
		}
		if pid := holder(socket); pid != "" {
			t.Errorf("a process id from a pipe: %q", pid)
		}
		s, err := Listen(socket)
		if err != nil {
			t.Error(err)
			return
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a pipe")
	}
}
