package main

import (
	"runtime"
	"runtime/debug"
	"time"
)

// usage is what a process has used so far, or holds.
type usage struct {
	CPU        time.Duration // user and system; 0 where it can't be had
	Mallocs    uint64
	Allocated  uint64 // bytes, also those that were collected
	Heap       uint64 // bytes of heap and stacks in use
	RSS        uint64 // bytes of resident memory; 0 where it can't be had
	Goroutines int
}

// measure returns the process's usage. settled asks for memory: it collects garbage first
// and returns what is free to the system.
func measure(settled bool) usage {
	if settled {
		runtime.GC()
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		CPU:        cpuTime(),
		Mallocs:    m.Mallocs,
		Allocated:  m.TotalAlloc,
		Heap:       m.HeapInuse + m.StackInuse,
		RSS:        residentMemory(),
		Goroutines: runtime.NumGoroutine(),
	}
}
