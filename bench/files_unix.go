//go:build unix

package main

import "syscall"

// manyFiles lets this process and those it starts have twice as many connections as the
// largest scenario opens, where that is permitted: connections overlap while they are replaced.
func manyFiles() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur > many {
		return
	}
	limit.Cur, limit.Max = 2*many, max(limit.Max, 2*many)
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // only root may raise Max; else it stays as it is
}
