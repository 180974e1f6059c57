//go:build integration && linux

package windows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wine is an installation of Windows, in a folder and a network of its own.
type wine struct {
	t       *testing.T
	env     []string
	network int    // process whose network it is
	outputs string // folder for what programs print
}

// missing ends a test that can't be run here; with CI=true it fails.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format+", and with CI=true nothing is skipped", args...)
	}
	t.Skipf(format, args...)
}

// install gets the programs that are needed, where that is possible.
func install(t *testing.T) {
	t.Helper()
	packages := map[string]string{"wine": "wine wine64", "wineserver": "wine64", "ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
	var wanted []string
	for program, from := range packages {
		if _, err := exec.LookPath(program); err != nil {
			wanted = append(wanted, strings.Fields(from)...)
		}
	}
	if len(wanted) == 0 {
		return
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		missing(t, "this needs the packages %v, and only root on Debian can be helped to them", wanted)
	}
	for _, args := range [][]string{{"update", "-qq"}, append([]string{"install", "-qq", "--no-install-recommends"}, wanted...)} {
		apt := exec.Command("apt-get", args...)
		apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := apt.CombinedOutput(); err != nil {
			missing(t, "apt-get %v: %v\n%s", args, err, out)
		}
	}
}

// newWine sets Windows up. It takes about five seconds.
func newWine(t *testing.T) *wine {
	t.Helper()
	install(t)
	prefix := t.TempDir()
	w := &wine{t: t, network: network(t)}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DISPLAY=") && !strings.HasPrefix(v, "WAYLAND_DISPLAY=") {
			w.env = append(w.env, v)
		}
	}
	w.env = append(w.env, "WINEPREFIX="+prefix, "WINEARCH=win64", "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree=;mshtml=;winemenubuilder.exe=")
	w.outputs = t.TempDir()
	t.Cleanup(func() { _, _ = w.run("", "wineserver", "-k") })
	w.must("wineboot", "-i")
	w.must("wine", "winecfg", "/v", "win10")
	// Without a screen there are windows only if nothing has to be drawn.
	w.must("wine", "reg", "add", `HKCU\Software\Wine\Drivers`, "/v", "Graphics", "/d", "null", "/f")
	library := filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(library); err != nil {
		dll := forwardingDLL("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
		if err := os.WriteFile(library, dll, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Settings are read when the server starts. It stays, with its services, so that no test
	// has to wait for them.
	_, _ = w.run("", "wineserver", "-k")
	_, _ = w.run("", "wineserver", "-w")
	w.must("wineserver", "-p")
	w.must("wine", "wineboot")
	return w
}

// network makes a network with an interface brum0, and returns a process that is in it.
func network(t *testing.T) int {
	t.Helper()
	flags := "-n"
	if os.Geteuid() != 0 {
		flags = "-Urn"
	}
	const setUp = `ip link set lo up && ip link add brum0 type veth peer name brum1 &&
		ip link set brum0 up && ip link set brum1 up && echo ready && exec sleep 3600`
	c := exec.Command("unshare", flags, "sh", "-c", setUp)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	if n, _ := stdout.Read(make([]byte, 10)); n == 0 {
		missing(t, "no network of its own can be made: %s", stderr.String())
	}
	return c.Process.Pid
}

// run runs a program of wine's in dir.
func (w *wine) run(dir string, program ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	args := []string{"-t", fmt.Sprint(w.network), "-n"}
	if os.Geteuid() != 0 {
		args = append(args, "-U", "--preserve-credentials")
	}
	c := exec.CommandContext(ctx, "nsenter", append(args, program...)...)
	c.Dir, c.Env = dir, w.env
	// A file, since wine's services stay behind and would keep a pipe open.
	output, err := os.CreateTemp(w.outputs, "output")
	if err != nil {
		return nil, err
	}
	defer output.Close()
	c.Stdout, c.Stderr = output, output
	failed := c.Run()
	text, err := os.ReadFile(output.Name())
	return text, errors.Join(failed, err)
}

func (w *wine) must(program ...string) {
	w.t.Helper()
	if out, err := w.run("", program...); err != nil {
		w.t.Fatalf("%v: %v\n%s", program, err, out)
	}
}
