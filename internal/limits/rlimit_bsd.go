//go:build freebsd || dragonfly

package limits

import "syscall"

func setRlimit(r *syscall.Rlimit, n uint64) { r.Cur = int64(n) }
