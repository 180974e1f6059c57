package terminal

import "testing"

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"größe 漢字":                    "größe 漢字",
		"two\nlines\tand":             "two lines and",
		"a\x1b[2J\r\x7f\u009bb":       "a[2Jb",
		"\u202egnp.exe\u2066\u2028 x": "gnp.exe x",
	} {
		if got := OneLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
