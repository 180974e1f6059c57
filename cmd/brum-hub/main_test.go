package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// The programs under test, built once.
var hubProgram, instanceProgram string

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(countingVariable) != "":
		count()
		return
	case os.Getenv(effectVariable) != "":
		os.Exit(haveEffect(os.Getenv(effectVariable)))
	case os.Getenv(browserVariable) != "":
		os.Exit(beBrowser(os.Getenv(browserVariable)))
	case os.Getenv(stubbornVariable) != "":
		beStubborn()
		return
	}
	os.Exit(run(m))
}

// With this variable set, this program is what an instance runs: it prints numbered lines. The
// value may be the pause between two.
const countingVariable = "BRUM_TEST_COUNT"

func count() {
	pause, err := time.ParseDuration(os.Getenv(countingVariable))
	if err != nil {
		pause = 5 * time.Millisecond
	}
	for n := 1; ; n++ {
		fmt.Println("line", n)
		time.Sleep(pause)
	}
}

// With this variable set it has an effect that can be counted: a line in that file.
const effectVariable = "BRUM_TEST_EFFECT"

func haveEffect(path string) int {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString("x\n")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// With this variable set it is in no hurry to end.
const stubbornVariable = "BRUM_TEST_STUBBORN"

func beStubborn() {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	fmt.Println("ready")
	time.Sleep(time.Hour)
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
