//go:build unix

package main

import (
	"os"
	"syscall"
)

var stopSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// survived are signals that must not end the program before its processes: a write to a pipe
// that nobody reads fails instead. They are caught, not ignored, since what is ignored stays so
// in the processes.
var survived = []os.Signal{syscall.SIGPIPE}
