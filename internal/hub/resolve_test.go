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
		{"api", "", api.CodeAmbiguous, 2},
		{"legacy", "api-21-old", "", 0},
		{"x", "x", "", 0},
		{"web", "", api.CodeAmbiguous, 2},
		{"web-1", "", api.CodeAmbiguous, 3}, // a name, and a prefix of two ids
		{"we", "", api.CodeAmbiguous, 2},
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

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"web", "wbe", 2}, {"same", "same", 0}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
