//go:build iokitfake && !darwin

package iokit

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if err := loadFake(); err != nil {
		fmt.Fprintln(os.Stderr, "the stand-in for IOKit:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}
