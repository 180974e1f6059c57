package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// The programs under test, built once.
var hubProgram, instanceProgram string

func TestMain(m *testing.M) {
	if os.Getenv(countingVariable) != "" {
		count()
		return
	}
	os.Exit(run(m))
}

// With this variable set, this program is what an instance runs: it prints numbered lines.
const countingVariable = "BRUM_TEST_COUNT"

func count() {
	for n := 1; ; n++ {
		fmt.Println("line", n)
		time.Sleep(5 * time.Millisecond)
	}
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "brum")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), ".", "../brum-instance")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	hubProgram = filepath.Join(dir, "brum-hub"+suffix)
	instanceProgram = filepath.Join(dir, "brum-instance"+suffix)
	return m.Run()
}
