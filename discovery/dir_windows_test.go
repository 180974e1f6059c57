package discovery

import (
	"strings"
	"testing"

	"github.com/standardbeagle/brum/errors"
)

func expectDirError(t *testing.T, dir, problem string) {
	t.Helper()
	_, err := Open(Config{Dir: dir, Log: quiet()})
	if e, ok := errors.AsType[*DirError](err); !ok || !strings.Contains(e.Problem, problem) || e.Fix == "" {
		t.Errorf("%s: %v; want one that says %q", dir, err, problem)
	}
}

func TestA5_access_lists(t *testing.T) {
	r := open(t, Config{})
	register(t, r, "a")
	for _, path := range []string{r.Dir(), pathOf(r.Dir(), "a")} {
		if problem, err := exposure(path); problem != "" || err != nil {
			t.Errorf("%s %s, %v", path, problem, err)
		}
	}
}
