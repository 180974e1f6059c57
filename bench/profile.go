package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profiles is the directory that this program and the processes it starts write CPU profiles
// to, in the environment, so that they all know.
const profiles = "BENCH_PROFILES"

// profile begins this process's, if they are wanted; end writes it.
func profile(name string) (end func(), err error) {
	dir := os.Getenv(profiles)
	if dir == "" {
		return func() {}, nil
	}
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s-%d.prof", name, os.Getpid())))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); f.Close() }, nil
}
