//go:build integration && unix

package test

import (
	"os/exec"
	"testing"
)

// All of it builds for every system that brum runs on, and vet finds nothing, tests included.
func TestM1_EverySystem(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("../scripts/cross").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
