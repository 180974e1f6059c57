package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Each process has a core, where the system can do that. Two processes that share two cores
// are now fast and now slow, as the scheduler likes: their figures have two humps.
const (
	clientCore = 0
	serverCore = 1
	anyCore    = -1
)

// pinned is in the environment of a process that has been pinned.
const pinned = "BENCH_PINNED"

// onlineCores is how many cores the machine has, which a pinned process is not told.
func onlineCores() int {
	online, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return runtime.NumCPU()
	}
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(string(online)), ",") {
		var from, to int
		switch found, _ := fmt.Sscanf(part, "%d-%d", &from, &to); found {
		case 2:
			n += to - from + 1
		case 1:
			n++
		}
	}
	return n
}
