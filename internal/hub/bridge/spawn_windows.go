package bridge

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// detached is a process without our console, in a group of its own.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP,
		HideWindow:    true,
	}
}
