//go:build unix && !freebsd && !dragonfly

package limits

import "syscall"

func setRlimit(r *syscall.Rlimit, n uint64) { r.Cur = n }
