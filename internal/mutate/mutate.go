// Package mutate shows that a package's tests would notice: it builds them with a fault edited
// into the package and expects one of them to fail.
package mutate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Mutant is the package with a fault in it that the tests have to find.
type Mutant struct {
	Name string
	// By are the tests, as -test.run takes them, of which one finds it; they are tried in turn.
	By    []string
	Edits []Edit
}

// Edit is a file, a text that stands in it exactly once, and what replaces that.
type Edit [3]string

// limit bounds one run of the tests of a mutant, far above what they take: one that makes them
// hang is found, too.
const limit = 4 * time.Minute

// Result says which test has found a mutant, and the first words of how.
type Result struct{ By, How string }

// Run tries the mutants of the package in the current directory, two at a time, and prints a
// table. A mutant that survives fails t.
func Run(t *testing.T, mutants []Mutant) []Result {
	t.Helper()
	results := make([]Result, len(mutants))
	problems := make([]error, len(mutants))
	began := time.Now()
	dir := t.TempDir()
	var all sync.WaitGroup
	next := make(chan int)
	for range 2 {
		all.Go(func() {
			for i := range next {
				results[i], problems[i] = mutants[i].try(t.Context(), filepath.Join(dir, fmt.Sprint(i)))
			}
		})
	}
	for i := range mutants {
		next <- i
	}
	close(next)
	all.Wait()
	var table strings.Builder
	for i, m := range mutants {
		r := &results[i]
		if problems[i] != nil {
			t.Errorf("mutant %q: %v", m.Name, problems[i])
		} else if r.By == "" {
			t.Errorf("mutant %q survives %q", m.Name, m.By)
			r.By = "NOTHING"
		}
		fmt.Fprintf(&table, "\n%-52s %-56s %s", m.Name, r.By, r.How)
	}
	t.Logf("%d mutants in %v:%s", len(mutants), time.Since(began).Round(time.Second), &table)
	return results
}

// try builds a mutant in dir and runs its tests until one finds it.
func (m *Mutant) try(ctx context.Context, dir string) (Result, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return Result{}, err
	}
	bin, err := m.build(ctx, dir)
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(bin)
	for _, which := range m.By {
		if r, err := catches(ctx, bin, which); err != nil || r.By != "" {
			return r, err
		}
	}
	return Result{}, nil
}

// build compiles the package's tests with the mutant's edits laid over its files.
func (m *Mutant) build(ctx context.Context, dir string) (bin string, err error) {
	edited := map[string]string{}
	for _, e := range m.Edits {
		file, before, after := e[0], e[1], e[2]
		text, ok := edited[file]
		if !ok {
			b, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			text = string(b)
		}
		if n := strings.Count(text, before); n != 1 {
			return "", fmt.Errorf("%q stands %d times in %s", before, n, file)
		}
		edited[file] = strings.Replace(text, before, after, 1)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range edited {
		to := filepath.Join(dir, file)
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(here, file)] = to
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	laid := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(laid, b, 0o600); err != nil {
		return "", err
	}
	bin = filepath.Join(dir, "mutant.test.exe")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", laid, "-o", bin, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("can't be built: %w\n%s", err, out)
	}
	return bin, nil
}

var (
	failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	panics = regexp.MustCompile(`(?m)^(panic|fatal error): .*$`)
	words  = regexp.MustCompile(`(?m)^ +\w+_test\.go:\d+: .*$|^panic: .*$`)
)

// catches runs tests of a mutant and returns the first that fails, and the first words of why.
func catches(ctx context.Context, bin, which string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-test.run="+which, "-test.failfast", "-test.short", "-test.parallel=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err == nil {
		if strings.Contains(out.String(), "no tests to run") {
			return Result{}, fmt.Errorf("no test is called %q", which)
		}
		return Result{}, nil
	}
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return Result{}, err
	}
	all := failed.FindAllStringSubmatch(out.String(), -1)
	switch {
	case len(all) > 0:
		return Result{all[min(len(all)-1, 1)][1], firstLine(out.String(), words)}, nil
	case ctx.Err() != nil:
		return Result{which, "it hangs"}, nil
	default:
		return Result{which, firstLine(out.String(), panics)}, nil
	}
}

func firstLine(out string, like *regexp.Regexp) string {
	line := strings.TrimSpace(like.FindString(out))
	return line[:min(len(line), 120)]
}
