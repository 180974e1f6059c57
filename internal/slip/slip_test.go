package slip

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		typed, meant string
		want         bool
	}{
		{"statsu", "status", true},
		{"STATUS", "status", true},
		{"follow", "--follow", true},
		{"folow", "follow", true},
		{"xyzzy", "status", false},
		{"", "status", false},
		{"a", "b", false},
		{strings.Repeat("x", 65), strings.Repeat("x", 64) + "y", false},
	} {
		if got := Of(tt.typed, tt.meant); got != tt.want {
			t.Errorf("Of(%q, %q) = %v", tt.typed, tt.meant, got)
		}
	}
}

func TestHint(t *testing.T) {
	names := []string{"serve", "status", "stats", "state", "start"}
	if got, want := Hint("stat", names), "; did you mean status or stats or state?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Hint("zzzzzz", names); got != "" {
		t.Errorf("got %q", got)
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

// A distance is that of a metric: none to itself, the same both ways, no longer than by way
// of a third.
func TestDistanceIsAMetric(t *testing.T) {
	word := rapid.StringMatching(`[a-d]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		if (distance(a, b) == 0) != (a == b) {
			t.Fatalf("distance(%q, %q) = %d", a, b, distance(a, b))
		}
		if distance(a, b) != distance(b, a) {
			t.Fatal("one way is longer than the other")
		}
		if distance(a, c) > distance(a, b)+distance(b, c) {
			t.Fatal("a detour is shorter")
		}
	})
}
