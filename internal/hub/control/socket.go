package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"
)

// RunningError says that another hub holds the control socket.
type RunningError struct {
	Path string
	PID  string // "" if it is not known
}

func (e *RunningError) Error() string {
	who := "a hub"
	if e.PID != "" {
		who = "a hub (process " + e.PID + ")"
	}
	return fmt.Sprintf("%s is already running at %s: use it (brum-hub status), or give this one another --socket and --state-dir", who, e.Path)
}

var errForeignSocket = errors.New("the control socket belongs to another user")

// Socket is the listening end of a control socket, held by one hub at a time.
type Socket struct {
	net.Listener
	path  string
	lock  *flock.Flock
	token string // "" where the system guards the socket

	closing sync.Once
}

// Listen takes the control socket at path. A *RunningError says that a living hub has it;
// what a dead one left is replaced.
func Listen(path string) (*Socket, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("control socket: lock %s: %w", lock.Path(), err)
	}
	if !got {
		return nil, &RunningError{Path: path, PID: holder(path)}
	}
	s := &Socket{path: path, lock: lock}
	if err := s.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), lock.Close())
	}
	if err := writePrivate(pidFile(path), fmt.Appendln(nil, os.Getpid())); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), s.Close())
	}
	return s, nil
}

// The lock file itself can't be read everywhere while it is locked.
func pidFile(path string) string { return path + ".pid" }

func holder(path string) string {
	fi, err := os.Lstat(pidFile(path))
	if err != nil || !fi.Mode().IsRegular() {
		return ""
	}
	data, err := os.ReadFile(pidFile(path))
	if err != nil || len(data) > 20 {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// Path is where the socket is.
func (s *Socket) Path() string { return s.path }

// Token is what requests must bear, "" if the socket guards itself.
func (s *Socket) Token() string { return s.token }

// Close gives the socket up. It may be called more than once.
func (s *Socket) Close() (err error) {
	s.closing.Do(func() {
		err = s.Listener.Close()
		// The socket and its companions go before the lock does: nobody else's are there yet.
		os.Remove(s.path)
		os.Remove(pidFile(s.path))
		err = errors.Join(err, s.lock.Close())
	})
	return err
}
