package cli

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

// What a service is to do must not depend on where, or in what environment, it was installed.
func TestServiceNeedsNoEnvironment(t *testing.T) {
	dir := t.TempDir()
	for name, value := range map[string]string{
		"BRUM_DISCOVERY_DIR":            filepath.Join(dir, "found"),
		"BRUMMER_MAX_CONNECTIONS":       "7",
		"BRUM_MEMORY_LIMIT":             "512MiB",
		"BRUMMER_USE_ROBUST_NETWORKING": "false",
		"BRUM_LOG_LEVEL":                "warn",
	} {
		t.Setenv(name, value)
	}
	a, f := &app{socket: filepath.Join(dir, "hub.sock")}, &hubFlags{}
	f.register(&cobra.Command{})
	f.stateDir = filepath.Join(dir, "state")
	spec, err := a.serviceSpec(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"--socket=" + a.socket, "--state-dir=" + f.stateDir, "--discovery-dir=" + filepath.Join(dir, "found"),
		"--max-connections=7", "--memory-limit=512MiB", "--robust-networking=false", "--log-level=warn",
	} {
		if !slices.Contains(spec.Args, want) {
			t.Errorf("no %s in %q", want, spec.Args)
		}
	}
	if spec.Args[0] != "serve" || !filepath.IsAbs(spec.Program) || !filepath.IsAbs(spec.Log) {
		t.Errorf("%+v", spec)
	}
}

// The service looks for instances where this command would, whatever the runtime directory of
// its own environment is.
func TestServiceFindsInstancesOfThisEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BRUM_DISCOVERY_DIR", "")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	a, f := &app{socket: filepath.Join(dir, "hub.sock")}, &hubFlags{}
	f.register(&cobra.Command{})
	f.stateDir = filepath.Join(dir, "state")
	spec, err := a.serviceSpec(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := "--discovery-dir=" + filepath.Join(dir, "brummer", "instances"); !slices.Contains(spec.Args, want) {
		t.Errorf("no %s in %q", want, spec.Args)
	}
}
