//go:build iokitfake && !darwin

package iokit

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ebitengine/purego"
)

// fake is the stand-in for Apple's frameworks; see testdata/fakeiokit.c.
var fake struct {
	libraries
	send          func(message uint32, id uintptr)
	allowed       func(id uintptr, milliseconds int32) int32
	left          func() int32
	registrations func() int32
	refuse        func(n int32)
	breakRun      func()
	faults        func(to *byte, size int32)
}

func loadFake() error {
	dir, err := os.MkdirTemp("", "fakeiokit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "fakeiokit.so")
	compile := exec.Command("gcc", "-Wall", "-shared", "-fPIC", "-o", file, "testdata/fakeiokit.c", "-lpthread")
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w\n%s", err, out)
	}
	library, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return err
	}
	fake.libraries = libraries{ioKit: file, coreFoundation: file}
	for name, function := range map[string]any{
		"fake_send": &fake.send, "fake_allowed": &fake.allowed, "fake_left": &fake.left,
		"fake_registrations": &fake.registrations, "fake_refuse": &fake.refuse,
		"fake_break": &fake.breakRun, "fake_faults": &fake.faults,
	} {
		purego.RegisterLibFunc(function, library, name)
	}
	// The file may go; what is loaded stays, under its name.
	_, err = purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	return err
}

// clean fails the test if anything was done that the real system would not take, or if
// anything is left.
func clean(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if n := fake.left(); n != 0 {
			t.Errorf("%d things were not let go of", n)
		}
		text := make([]byte, 4096)
		fake.faults(&text[0], int32(len(text)))
		if faults := string(text[:bytes.IndexByte(text, 0)]); faults != "" {
			t.Errorf("the system was misused: %s", faults)
		}
	})
}

// answered waits for the answer to a message; unanswered makes sure that there is none yet.
func answered(t *testing.T, id uintptr) {
	t.Helper()
	if n := fake.allowed(id, 10_000); n != 1 {
		t.Errorf("message %d was answered %d times, want once", id, n)
	}
}

func unanswered(t *testing.T, id uintptr) {
	t.Helper()
	if n := fake.allowed(id, 20); n != 0 {
		t.Errorf("message %d was answered %d times, want never", id, n)
	}
}
