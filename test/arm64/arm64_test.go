//go:build integration && linux

package arm64

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

const emulator = "qemu-aarch64-static"

// packages are those that do most with numbers and memory, and with the system itself.
var packages = []string{"./errors", "./power/...", "./session"}

// leftOut is what takes minutes when emulated, and what starts its own program again, which the
// machine can't without the emulator.
const leftOut = "^TestExplore$|^TestI1_real_sockets$/^process_gone$"

// The tests pass on arm64 too.
func TestM1_arm64(t *testing.T) {
	args := []string{"test", "-timeout=3m", "-skip=" + leftOut}
	if runtime.GOARCH != "arm64" {
		args = append(args, "-exec="+emulated(t))
	}
	test := exec.Command("go", append(args, packages...)...)
	test.Dir, test.Env = filepath.Join("..", ".."), append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := test.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// emulated is the emulator, installed if it can be.
func emulated(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath(emulator)
	if err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err == nil && os.Geteuid() == 0 {
		for _, args := range [][]string{{"update", "-qq"}, {"install", "-qq", "--no-install-recommends", "qemu-user-static"}} {
			apt := exec.Command("apt-get", args...)
			apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if out, err := apt.CombinedOutput(); err != nil {
				t.Logf("apt-get %v: %v\n%s", args, err, out)
			}
		}
		if path, err = exec.LookPath(emulator); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing (package qemu-user-static), and with CI=true nothing is skipped", emulator)
	}
	t.Skipf("%s is missing (package qemu-user-static)", emulator)
	return ""
}
