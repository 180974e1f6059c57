package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestVerify makes sure that the demo's proof fails when it should.
func TestVerify(t *testing.T) {
	const lines = 600
	type line struct {
		Seq    int    `json:"seq"`
		Stream string `json:"stream"`
		Text   string `json:"text"`
	}
	good := func() (list []line) {
		for i := 1; i <= lines; i++ {
			list = append(list, line{i, "stdout", lineOf("x", i, lines)})
		}
		return list
	}
	for _, c := range []struct {
		name  string
		spoil func([]line) []line
		extra string
		ok    bool
	}{
		{name: "all", spoil: func(l []line) []line { return l }, ok: true},
		{name: "one missing", spoil: func(l []line) []line { return append(l[:99], l[100:]...) }},
		{name: "one twice", spoil: func(l []line) []line { return append(l[:100], l[99:]...) }},
		{name: "two swapped", spoil: func(l []line) []line { l[7], l[8] = l[8], l[7]; return l }},
		{name: "last missing", spoil: func(l []line) []line { return l[:lines-1] }},
		{name: "a number twice", spoil: func(l []line) []line { l[9].Seq--; return l }},
		{name: "another text", spoil: func(l []line) []line { l[9].Text = lineOf("y", 10, lines); return l }},
		{name: "a gap", spoil: func(l []line) []line { return l }, extra: `{"gap":{"lines":3}}`},
		{name: "something else", spoil: func(l []line) []line { return l }, extra: `what?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			for _, l := range c.spoil(good()) {
				data, err := json.Marshal(map[string]line{"line": l})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&out, "%s\n", data)
			}
			fmt.Fprintln(&out, `{"cursor":"c"}`)
			if c.extra != "" {
				fmt.Fprintln(&out, c.extra)
			}
			f := &follower{name: "x", changed: make(chan struct{})}
			text := out.String()
			half := len(text) / 2 // in the middle of a line, as output comes
			for _, part := range []string{text[:half], text[half:]} {
				if _, err := f.Write([]byte(part)); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.verify(lines); (err == nil) != c.ok {
				t.Errorf("verify: %v", err)
			}
		})
	}
}
