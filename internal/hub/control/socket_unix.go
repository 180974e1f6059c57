//go:build unix

package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
)

// listen opens the socket. The lock is held.
func (s *Socket) listen() error {
	if fi, err := os.Lstat(s.path); err == nil && fi.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s exists and is no socket: remove it, or choose another --socket", s.path)
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", s.path)
	if errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("%w (the path has %d bytes, systems allow about 100: choose a shorter --socket)", err, len(s.path))
	}
	if err != nil {
		return err
	}
	// Close removes it; the listener must not, for by then it could be another's.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	// Between these two lines the socket is open to whoever can search the directory:
	// ownListener turns other users away all the same.
	if err := os.Chmod(s.path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	s.Listener = &ownListener{l}
	return nil
}

// ownListener accepts connections of this user (and of root, who can do anything) only.
type ownListener struct{ net.Listener }

func (l *ownListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, known := peerUID(c.(*net.UnixConn)); !known || uid == os.Geteuid() || uid == 0 {
			return c, nil
		}
		c.Close()
	}
}

// dialSocket connects to the hub, if it is this user's.
func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if uid, known := peerUID(c.(*net.UnixConn)); known && uid != os.Geteuid() && os.Geteuid() != 0 {
		c.Close()
		return nil, fmt.Errorf("%s: %w", path, errForeignSocket)
	}
	return c, nil
}

// authorize adds nothing: the socket is guarded by the system.
func authorize(*http.Request, string) error { return nil }
