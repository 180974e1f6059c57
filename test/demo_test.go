//go:build integration

package test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The demo looks for itself whether everything is as it should be: the outage without a
// word, the resume, the calls made meanwhile, and each line of output. Here the outage is
// longer, and the resume has a bound.
func TestH1_OutageOf30Seconds(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(program("demo"), "-bin", bin, "-outage", "30s", "-within", "2s").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"retrying", "both sessions have resumed", "both calls have been answered", "All is well"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

// Whoever stops reading, as head does, leaves a demo that cleans up all the same.
func TestDemoWithoutReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(program("demo"), "-bin", bin, "-outage", "1s")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "TMP="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
