package logstore

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"
)

func TestSearchFindsTheNewestMatches(t *testing.T) {
	s := New(0)
	a1, b := s.Open("a", "a-1"), s.Open("b", "b-1")
	wa, wb := a1.Writer(Stdout), b.Writer(Stdout)
	for i := range 1000 {
		fmt.Fprintf(wa, "request %d \x1b[32mok\x1b[0m done\n", i)
		fmt.Fprintf(wb, "ERROR request %d failed\n", i)
	}
	a1.Close()
	a2 := s.Open("a", "a-2")
	fmt.Fprint(a2.Writer(Stdout), "request 1000 ok done\n")

	for _, c := range []struct {
		q     Search
		first string
		n     int
		more  bool
	}{
		{Search{Limit: 3}, "request 999 \x1b[32mok\x1b[0m done", 3, true},
		{Search{Process: "a", Limit: 2}, "request 999 \x1b[32mok\x1b[0m done", 2, true},
		{Search{Process: "a-1", Limit: 1}, "request 999 \x1b[32mok\x1b[0m done", 1, true},
		{Search{Pattern: regexp.MustCompile(`ok done`), Limit: MaxLimit}, "request 0 \x1b[32mok\x1b[0m done", 1001, false},
		{Search{Pattern: regexp.MustCompile(`^ERROR.* 7 `), Limit: 1}, "ERROR request 7 failed", 1, false},
		{Search{Level: Error, Limit: 5}, "ERROR request 995 failed", 5, true},
		{Search{Since: time.Now().Add(time.Hour)}, "", 0, false},
		{Search{Process: "a", Level: Error}, "", 0, false},
	} {
		if c.q.Pattern == nil {
			c.q.Pattern = regexp.MustCompile("")
		}
		f, err := s.Search(t.Context(), c.q)
		if err != nil || len(f.Lines) != c.n || f.More != c.more || c.n > 0 && f.Lines[0].Text != c.first {
			t.Errorf("%+v: %d lines, more %v, %v", c.q, len(f.Lines), f.More, err)
		}
	}
	if _, err := s.Search(t.Context(), Search{Process: "c", Pattern: regexp.MustCompile("")}); !errors.Is(err, ErrUnknownProcess) {
		t.Error(err)
	}
}
