//go:build integration && linux

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// packages of Debian and its like that have the programs the lab needs.
var packages = map[string]string{
	"ip": "iproute2", "ss": "iproute2", "nft": "nftables", "unshare": "util-linux", "nsenter": "util-linux",
	"dbus-daemon": "dbus", "npm": "npm", "node": "nodejs",
}

// installing is done by one test at a time, and tried once a package.
var installing struct {
	sync.Mutex
	tried map[string]error
}

// need is for what a test can't do without; what can be installed is.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "root is needed to make namespaces")
	}
	for _, name := range append(programs, "ip", "ss", "nft", "unshare", "nsenter") {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if err := install(packages[name]); err != nil {
			missing(t, fmt.Sprintf("%s is missing: %v", name, err))
		}
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s, and with CI=true nothing is skipped", what)
	}
	t.Skip(what)
}

func install(name string) error {
	installing.Lock()
	defer installing.Unlock()
	if err, tried := installing.tried[name]; tried {
		return err
	}
	if installing.tried == nil {
		installing.tried = make(map[string]error)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "apt-get", "install", "-y", "--no-install-recommends", name)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("apt-get install %s: %w\n%s", name, err, out)
	}
	installing.tried[name] = err
	return err
}
