package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestOneHubPerSocket(t *testing.T) {
	path := socketPath(t)
	const starters = 8
	var mu sync.Mutex
	var winners []*Socket
	var starting sync.WaitGroup
	for range starters {
		starting.Go(func() {
			s, err := Listen(path)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				winners = append(winners, s)
				return
			}
			if running, ok := errors.AsType[*RunningError](err); !ok || running.Path != path {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	if len(winners) != 1 {
		t.Fatalf("%d hubs hold the socket", len(winners))
	}
	_, err := Listen(path)
	if running, ok := errors.AsType[*RunningError](err); !ok || running.PID != fmt.Sprint(os.Getpid()) {
		t.Errorf("refused with %v", err)
	}
	if err := winners[0].Close(); err != nil {
		t.Error(err)
	}
	next, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	next.Close()
}

// What a killed hub leaves is a socket nobody listens at and a lock nobody holds.
func TestStaleSocketIsReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no sockets in the file system here")
	}
	path := socketPath(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	serveAt(t, path, &scripted{status: func(context.Context) (*api.Status, error) { return &api.Status{}, nil }})
	if _, err := NewClient(path).Status(t.Context()); err != nil {
		t.Error(err)
	}
	if fi, err := os.Lstat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the endpoint's file is a plain file here")
	}
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Listen(path); err == nil {
		s.Close()
		t.Error("took it for a socket")
	}
	if data, err := os.ReadFile(path); string(data) != "precious" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestClosedSocketLeavesNothing(t *testing.T) {
	path := socketPath(t)
	s, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, p := range []string{path, pidFile(path)} {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestPrivateDir(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	base := t.TempDir()
	if err := PrivateDir(base + "/new/deep"); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(base+"/open", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(base+"/new", base+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"/open", "/link"} {
		if err := PrivateDir(base + dir); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
