//go:build unix

package bridge

import "syscall"

// detached is a session of its own, out of reach of the terminal's signals.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
