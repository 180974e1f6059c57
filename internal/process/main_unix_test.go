//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

func detach(cmd *exec.Cmd, fully bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: fully}
}
