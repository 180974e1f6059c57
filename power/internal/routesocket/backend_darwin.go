package routesocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Backend hints at changes of the network.
func Backend(name string) system.Backend {
	return system.Backend{Name: name, Role: system.NetworkRole, Run: run}
}

func run(ctx context.Context, sink system.Sink) error {
	s, err := open()
	if err != nil {
		return fmt.Errorf("routing socket: %w", err)
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	sink.Ready()
	return listen(ctx, s, filter{linkName: linkName}, sink)
}

// open makes a routing socket whose reads end when it is closed.
func open() (*os.File, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_ROUTE, unix.SOCK_RAW, unix.AF_UNSPEC)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(os.NewSyscallError("setnonblock", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "route"), nil
}

// linkName finds the name of an interface; empty if it is gone.
func linkName(index int) string {
	i, err := net.InterfaceByIndex(index)
	if err != nil {
		return ""
	}
	return i.Name
}
