//go:build unix

package doctor

import "golang.org/x/sys/unix"

// openFiles is how many files a process of this program may have open; 0 is no limit, or none
// that is known. Go has raised the soft limit to the hard one.
func openFiles() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil || r.Cur == unix.RLIM_INFINITY {
		return 0
	}
	return uint64(r.Cur)
}
