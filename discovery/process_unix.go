//go:build unix

package discovery

import (
	"github.com/standardbeagle/brum/errors"
	"golang.org/x/sys/unix"
)

// signalable reports whether pid exists. Being refused proves that it does, and
// an answer that nobody expects proves nothing: then it lives.
func signalable(pid int) bool {
	return !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}
