//go:build integration && linux

package macos

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What hears of sleep on macOS works against a stand-in for IOKit and CoreFoundation, which
// notes whatever the real ones would not take.
func TestG_macos(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("gcc is missing on this machine, and with CI=true nothing is skipped")
		}
		t.Skip("gcc is missing on this machine")
	}
	for _, cgo := range []string{"CGO_ENABLED=0", "CGO_ENABLED=1"} {
		test := exec.Command("go", "test", "-tags=iokitfake", "-count=1", "-v", "./power/internal/iokit")
		test.Dir, test.Env = "../..", append(os.Environ(), cgo)
		out, err := test.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Errorf("%s: %v", cgo, err)
		}
		if !strings.Contains(string(out), "--- PASS: TestSleepAndWake") {
			t.Errorf("%s: the stand-in was not used", cgo)
		}
	}
}
