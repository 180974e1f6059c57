package logstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func contextAfter(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func TestCursorOfAnEarlierProcessIsRecognised(t *testing.T) {
	old, s := New(0), New(0)
	for _, store := range []*Store{old, s} {
		r := store.Open("p", "p-1")
		for range 5 {
			r.Note(Info, "line")
		}
	}
	for _, process := range []string{"", "p", "p-1"} {
		c := read(t, old, Query{Process: process}).Cursor
		p := read(t, s, Query{Process: process, Cursor: c})
		if !p.Restarted || !p.GapUnknown || len(p.Lines) != 5 {
			t.Errorf("%q: %+v", process, p)
		}
		next := read(t, s, Query{Process: process, Cursor: p.Cursor})
		if next.Restarted || next.GapUnknown || len(next.Lines) != 0 {
			t.Errorf("%q, the cursor after: %+v", process, next)
		}
	}
}

func TestCursorIsNeverMisread(t *testing.T) {
	s := New(0)
	s.Open("a", "a-1").Note(Info, "x")
	s.Open("b", "b-1").Note(Info, "y")
	of := func(process string) string { return read(t, s, Query{Process: process}).Cursor }
	ahead := cursor{incarnation: s.incarnation, pos: 3}.String()
	never := cursor{incarnation: s.incarnation, run: 9, pos: 1}.String()
	for _, c := range []struct{ process, cursor string }{
		{"", of("a-1")}, {"a-1", ""}, {"a-1", of("b-1")}, {"a", of("b-1")}, {"", ahead}, {"a", never}, {"a-1", never},
		{"", "x"}, {"", "c2-1-1-1"}, {"", "c1-1-1"}, {"", "c1-z-0-0"}, {"", "c1-1-0-1-"}, {"", strings.Repeat("c1-", 1000)},
	} {
		cur := c.cursor
		if cur == "" {
			cur = of("")
		}
		if p, err := s.Read(t.Context(), Query{Process: c.process, Cursor: cur}); !errors.Is(err, ErrCursor) {
			t.Errorf("%q with %q: %+v, %v", c.process, cur, p, err)
		}
	}
	if _, err := s.Read(t.Context(), Query{Process: "nobody"}); !errors.Is(err, ErrUnknownProcess) {
		t.Errorf("unknown process: %v", err)
	}
}

func TestCursorByNameOfAForgottenRun(t *testing.T) {
	s := New(0)
	r := s.Open("dev", "dev-1")
	r.Note(Info, "one")
	c := read(t, s, Query{Process: "dev"}).Cursor
	r.Close()
	s.Open("dev", "dev-2").Note(Info, "two")
	s.mu.Lock()
	s.forgetLocked()
	s.mu.Unlock()
	p := read(t, s, Query{Process: "dev", Cursor: c})
	if texts(p.Lines) != "two" || !p.GapUnknown || p.Restarted {
		t.Fatalf("%+v", p)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("c1-0000000000000001-1-1")
	f.Add(cursor{incarnation: 1 << 63, run: 3, pos: 1 << 40}.String())
	s := New(0)
	r := s.Open("p", "p-1")
	r.Note(Info, "x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, process := range []string{"", "p", "p-1"} {
			s.Read(t.Context(), Query{Process: process, Cursor: text})
		}
		c, err := parseCursor(text)
		if err != nil {
			return
		}
		if again, err := parseCursor(c.String()); err != nil || again != c {
			t.Fatalf("%q: %+v, again %+v, %v", text, c, again, err)
		}
	})
}
