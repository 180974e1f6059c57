package routesocket

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/standardbeagle/brum/power/internal/system"
)

// script is a socket that says what the test has written down.
type script []func(b []byte) (int, error)

func (s *script) Read(b []byte) (int, error) {
	if len(*s) == 0 {
		return 0, io.EOF
	}
	next := (*s)[0]
	*s = (*s)[1:]
	return next(b)
}

func says(m []byte) func([]byte) (int, error) {
	return func(b []byte) (int, error) { return copy(b, m), nil }
}

// sink counts the hints at a changed network.
type sink struct {
	system.Sink
	t     *testing.T
	hints int
}

func (s *sink) Report(h system.Hint) {
	if h.Kind != system.NetworkChanged {
		s.t.Errorf("hint %d, want only those at the network", h.Kind)
	}
	s.hints++
}

func TestListen(t *testing.T) {
	full := &os.SyscallError{Syscall: "read", Err: syscall.ENOBUFS}
	socket := script{
		says(linkMsg(0xe, 9)),
		says(addrMsg(0xc, 4, "192.168.1.20")),
		func([]byte) (int, error) { return 0, full },
		says(routeMsg(0x7, 4, 0x803, macSockaddr("10.1.2.3"))),
		says(routeMsg(0x2, 4, 0x803, macSockaddr("0.0.0.0"))),
	}
	s := &sink{t: t}
	err := listen(t.Context(), &socket, testLinks, s)
	if !errors.Is(err, io.EOF) {
		t.Errorf("the socket ended, but listen returned %v", err)
	}
	if s.hints != 3 {
		t.Errorf("%d hints, want 3: an address, lost messages, and the default route", s.hints)
	}
}

func TestListenEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	socket := script{func([]byte) (int, error) { cancel(); return 0, os.ErrClosed }}
	s := &sink{t: t}
	if err := listen(ctx, &socket, testLinks, s); err != nil || s.hints != 0 {
		t.Errorf("stopping it: %v and %d hints, want neither", err, s.hints)
	}
}
