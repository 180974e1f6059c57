//go:build integration && linux

package windows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// suites are the packages whose tests are run, and what of them can't be under wine 8.
var suites = []struct {
	dir, only, skip, because string
}{
	{dir: "power"},
	{dir: "power/internal/winpower"},
	{dir: "power/internal/iphelper"},
	{dir: "power/internal/iokit"},
	{dir: "power/internal/routesocket"},
	{dir: "power/internal/listeners"},
	{dir: "errors",
		skip: "TestI1_codes_of_every_system|TestI1_real_sockets/(reset|missing_file|process_gone)|TestI2_refused_and_gone",
		because: "there is no go command; wine reports resets and missing processes otherwise than Windows, " +
			"and can't delete folders as Go does"},
	{dir: "discovery",
		only:    "TestA5_(endpoints|token)|TestB3_verdicts|TestB4_|TestC2_mailbox|TestC5_(round_trip|unusable)|FuzzC5",
		because: "wine has no access lists, and can't delete folders as Go does"},
}

// The tests of package power and below, and what can be run of others, pass when built for
// Windows. Windows messages and changes of addresses are wine's own.
func TestG_windows(t *testing.T) {
	w := newWine(t)
	for _, s := range suites {
		t.Run(s.dir, func(t *testing.T) {
			dir := filepath.Join("..", "..", filepath.FromSlash(s.dir))
			program := filepath.Join(t.TempDir(), "test.exe")
			build := exec.Command("go", "test", "-c", "-tags", "wine", "-o", program, ".")
			build.Dir, build.Env = dir, append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("go test -c: %v\n%s", err, out)
			}
			run := []string{"wine", program, "-test.v", "-test.timeout=100s", "-test.run=" + s.only, "-test.skip=" + s.skip}
			if s.because != "" {
				t.Logf("not all of it is run: %s", s.because)
			}
			out, err := w.run(dir, run...)
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
			if text := string(out); strings.Contains(text, "--- SKIP") || !strings.Contains(text, "--- PASS") {
				t.Error("tests were skipped, or there were none")
			}
		})
	}
}
