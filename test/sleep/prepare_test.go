//go:build sleep && linux

package sleep

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// need ends a test that can't be run.
func need(t *testing.T) {
	t.Helper()
	if missing == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%v; and with CI=true nothing is skipped", missing)
	}
	t.Skip(missing)
}

// What the tests need beyond Go, and the Debian packages that have it.
var programs = map[string]string{
	"qemu-system-x86_64": "qemu-system-x86",
	"ip":                 "iproute2",
	"nft":                "nftables",
	"dbus-daemon":        "dbus",
	"ldd":                "libc-bin",
}

var files = map[string]string{
	"/usr/lib/systemd/systemd-logind":                "systemd",
	"/usr/lib/*-linux-gnu/faketime/libfaketime.so.1": "libfaketime",
}

// prepare puts into dir all that the tests need from outside: the kernel, and the file system
// of the guest.
func prepare(dir string) error {
	if runtime.GOARCH != "amd64" {
		return fmt.Errorf("the sleep tests know virtual machines of amd64 only, not of %s", runtime.GOARCH)
	}
	if os.Geteuid() != 0 {
		return errors.New("the sleep tests make a network namespace and a TAP device, which takes root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return fmt.Errorf("no TAP devices: %w", err)
	}
	if err := installPackages(); err != nil {
		return err
	}
	kernel, err := findKernel()
	if err != nil {
		return err
	}
	if err := os.Symlink(kernel, filepath.Join(dir, "kernel")); err != nil {
		return err
	}
	if err := buildPrograms(dir); err != nil {
		return err
	}
	cert, key, err := side.NewCertificate()
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "cert.pem"), cert, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), key, 0o600))
}

// installPackages gets what is missing, where that is possible.
func installPackages() error {
	var wanted []string
	for program, from := range programs {
		if _, err := exec.LookPath(program); err != nil {
			wanted = append(wanted, from)
		}
	}
	for pattern, from := range files {
		if found, _ := filepath.Glob(pattern); len(found) == 0 {
			wanted = append(wanted, from)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := apt(append([]string{"install", "-qq", "--no-install-recommends"}, wanted...)...); err != nil {
		return fmt.Errorf("the sleep tests need the packages %v: %w", wanted, err)
	}
	return nil
}

// apt runs apt-get with fresh lists.
func apt(args ...string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("only Debian and its kind can be helped to them")
	}
	for _, args := range [][]string{{"update", "-qq"}, args} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// buildPrograms builds what runs on both sides.
func buildPrograms(dir string) error {
	build := exec.Command("go", "build", "-tags=sleep", "-trimpath", "-ldflags=-s -w", "-o", dir+"/",
		"../../cmd/brum-hub", "../../cmd/brum-instance", "./guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}
