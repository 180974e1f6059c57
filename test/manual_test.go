//go:build integration && unix

package test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A real formatter finds nothing wrong with the pages of the manual.
func TestManualPages(t *testing.T) {
	t.Parallel()
	need(t, "mandoc")
	for program, arg := range map[string]string{"brum-hub": "man", "brum-instance": "--man"} {
		page, err := exec.Command(filepath.Join(bin, program), arg).Output()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), program+".1")
		if err := os.WriteFile(file, page, 0o600); err != nil {
			t.Fatal(err)
		}
		// It has no date, since nobody writes it.
		out, _ := exec.Command("mandoc", "-T", "lint", "-W", "warning", file).CombinedOutput()
		for line := range bytes.Lines(out) {
			if !bytes.Contains(line, []byte("missing date")) {
				t.Errorf("%s", line)
			}
		}
		text, err := exec.Command("mandoc", "-T", "utf8", file).Output()
		if err != nil || len(text) < len(page)/2 {
			t.Errorf("%s: %d bytes of text from %d: %v", program, len(text), len(page), err)
		}
	}
}
