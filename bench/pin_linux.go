package main

import (
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// pin puts this process on the client's core by starting it anew there, so that the runtime
// knows from the start that it has one core. It does nothing on a machine with one core.
func pin() error {
	if os.Getenv(pinned) != "" || runtime.NumCPU() < 2 {
		return nil
	}
	runtime.LockOSThread()
	if err := bind(clientCore); err != nil {
		runtime.UnlockOSThread()
		return nil // not permitted here: the document says so
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	return unix.Exec(exe, os.Args, append(os.Environ(), pinned+"=1"))
}

func isPinned() bool { return os.Getenv(pinned) != "" }

func bind(core int) error {
	var set unix.CPUSet
	if core == anyCore {
		for i := range onlineCores() {
			set.Set(i)
		}
	} else {
		set.Set(core)
	}
	return unix.SchedSetaffinity(0, &set)
}

// startOn starts cmd on a core, if this process is pinned itself.
func startOn(core int, cmd *exec.Cmd) error {
	if !isPinned() {
		return cmd.Start()
	}
	runtime.LockOSThread()
	if err := bind(core); err != nil {
		return err // the thread is in an unknown state, and ends with its goroutine
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := bind(clientCore); err != nil {
		return err
	}
	runtime.UnlockOSThread()
	return nil
}
