package hub

import (
	"slices"
	"testing"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestResolve(t *testing.T) {
	all := []named{
		{"web-11", "web", "/a"},
		{"web-12", "web", "/b"},
		{"api-21", "api", "/c"},
		{"api-21-old", "legacy", "/d"},
		{"x", "web-1", "/e"},
	}
	for _, c := range []struct {
		ref        string
		want       string
		code       api.Code
		candidates int
	}{
		{"web-11", "web-11", "", 0},
		{"api-21", "api-21", "", 0}, // exact, although it is a prefix of another
		{"api-21-", "api-21-old", "", 0},
		{"api", "api-21", "", 0}, // a name comes before prefixes of ids
		{"legacy", "api-21-old", "", 0},
		{"x", "x", "", 0},
		{"web", "", api.CodeAmbiguous, 2},
		{"web-1", "x", "", 0}, // also before those of others
		{"we", "", api.CodeAmbiguous, 2},
		{"api-2", "", api.CodeAmbiguous, 2},
		{"WEB-11", "", api.CodeUnknownInstance, 5},
		{"lagacy", "", api.CodeUnknownInstance, 1},
		{"qqqqqqqqqqq", "", api.CodeUnknownInstance, 0},
		{"", "", api.CodeInvalid, 0},
	} {
		got, err := resolve(c.ref, all)
		if got != c.want || api.CodeOf(err) != c.code {
			t.Errorf("%q: %q, %v; want %q, %s", c.ref, got, err, c.want, c.code)
			continue
		}
		if c.candidates > 0 && c.ref != "WEB-11" && len(err.(*api.Error).Candidates) != c.candidates {
			t.Errorf("%q: %v, want %d candidates", c.ref, err, c.candidates)
		}
	}
	_, err := resolve("WEB-11", all)
	if got := err.(*api.Error).Candidates; !slices.Contains(got, "web-11 (web, /a)") {
		t.Errorf("WEB-11: near are %q", got)
	}
}
