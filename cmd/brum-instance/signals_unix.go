//go:build unix

package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
)

var stopSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// heeded are those of stopSignals that stop this program: one that was started by nohup is to
// outlive its terminal. It has to be called before they are caught.
func heeded() []os.Signal {
	return slices.DeleteFunc(slices.Clone(stopSignals), func(s os.Signal) bool {
		return s == syscall.SIGHUP && signal.Ignored(s)
	})
}
