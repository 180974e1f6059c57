package cli

import (
	"strings"
	"testing"
)

// Of long lines a page holds fewer than were asked for, and that must not pass for all.
func TestPagesThatLackOlderLines(t *testing.T) {
	long := logLine{Text: strings.Repeat("x", maxPageText/4)}
	for name, tt := range map[string]struct {
		lines []logLine
		want  bool
	}{
		"none":       {nil, false},
		"few":        {make([]logLine, 9), false},
		"as many":    {make([]logLine, 10), true},
		"much text":  {[]logLine{long, long, long, long}, true},
		"less of it": {[]logLine{long, long, long}, false},
	} {
		if got := (&logPage{Lines: tt.lines}).cut(10); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
