//go:build unix

package limits

import (
	"os"

	"golang.org/x/sys/unix"
)

// MaxFiles is how many files a process of this program may have open; 0 is no limit, or none
// that is known. Go has raised the soft limit to the hard one.
func MaxFiles() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil || r.Cur == unix.RLIM_INFINITY {
		return 0
	}
	return uint64(r.Cur)
}

// OpenFiles is how many files this process has open, sockets included; -1 where the system does
// not tell.
func OpenFiles() int {
	names, err := os.ReadDir("/dev/fd")
	if err != nil {
		return -1
	}
	return max(0, len(names)-1) // without the directory itself
}
