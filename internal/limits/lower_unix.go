//go:build unix

package limits

import (
	"fmt"
	"syscall"
)

// LowerFiles lets this process open files up to number n-1 only, until restore is called. It is
// for trying what becomes of programs that can't open any more.
func LowerFiles(n uint64) (restore func() error, err error) {
	// Not x/sys/unix: package syscall knows then that the limit is no longer the one Go raised.
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		return nil, fmt.Errorf("limit of open files: %w", err)
	}
	lower := before
	setRlimit(&lower, n)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lower); err != nil {
		return nil, fmt.Errorf("limit of open files: %w", err)
	}
	return func() error { return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before) }, nil
}
