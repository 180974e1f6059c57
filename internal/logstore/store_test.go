package logstore

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func texts(lines []Line) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(l.Text)
	}
	return b.String()
}

func read(t *testing.T, s *Store, q Query) Page {
	t.Helper()
	p, err := s.Read(t.Context(), q)
	if err != nil {
		t.Fatalf("Read(%+v): %v", q, err)
	}
	return p
}

func TestLinesAreNumberedPerRunAndResumedByCursor(t *testing.T) {
	s := New(0)
	a, b := s.Open("a", "a-1"), s.Open("b", "b-1")
	wa, wb := a.Writer(Stdout), b.Writer(Stderr)
	fmt.Fprint(wa, "a1\na2\n")
	fmt.Fprint(wb, "b1\n")
	fmt.Fprint(wa, "a3\n")

	p := read(t, s, Query{Process: "a-1", Limit: 2})
	if got := texts(p.Lines); got != "a2|a3" || p.Lines[0].Seq != 2 || p.More || p.Gap != 0 {
		t.Fatalf("tail: %q %+v", got, p)
	}
	fmt.Fprint(wa, "a4\na5\na6\n")
	p = read(t, s, Query{Process: "a-1", Cursor: p.Cursor, Limit: 2})
	if got := texts(p.Lines); got != "a4|a5" || !p.More {
		t.Fatalf("on from cursor: %q %+v", got, p)
	}
	again := read(t, s, Query{Process: "a-1", Cursor: p.Cursor})
	once := read(t, s, Query{Process: "a-1", Cursor: p.Cursor})
	if texts(again.Lines) != "a6" || texts(once.Lines) != "a6" || again.Cursor != once.Cursor {
		t.Fatalf("a repeated read differs: %+v %+v", again, once)
	}

	all := read(t, s, Query{})
	if got := texts(all.Lines); got != "a1|a2|b1|a3|a4|a5|a6" {
		t.Fatalf("merged: %q", got)
	}
	if l := all.Lines[2]; l.Seq != 1 || l.Stream != Stderr || l.Process != "b" || l.ProcessID != "b-1" || l.Time.IsZero() {
		t.Fatalf("line: %+v", l)
	}
}

// TestGapCountsExactlyWhatWasDropped compares, for every cursor a reader ever
// held, the lines delivered plus the gaps with the lines written.
func TestGapCountsExactlyWhatWasDropped(t *testing.T) {
	s := New(MinLimit)
	runs := []*Run{s.Open("x", "x-1"), s.Open("y", "y-1"), s.Open("z", "z-1")}
	var writers []*Writer
	for _, r := range runs {
		writers = append(writers, r.Writer(Stdout))
	}
	type follower struct {
		process, cursor string
		got, gap, last  uint64
	}
	followers := []*follower{{process: ""}, {process: "x-1"}, {process: "y-1"}}
	for _, f := range followers {
		f.cursor = read(t, s, Query{Process: f.process}).Cursor
	}
	written := map[string]uint64{}
	step := func(f *follower, limit int) (more bool) {
		p := read(t, s, Query{Process: f.process, Cursor: f.cursor, Limit: limit})
		f.cursor, f.got, f.gap = p.Cursor, f.got+uint64(len(p.Lines)), f.gap+p.Gap
		for _, l := range p.Lines {
			n := l.Seq
			if f.process == "" {
				n = l.global
			}
			if n <= f.last {
				t.Fatalf("%q: line %d after %d", f.process, n, f.last)
			}
			f.last = n
		}
		return p.More
	}
	for i := range 30_000 {
		w := i % 7 % 3
		fmt.Fprintf(writers[w], "line %d %s\n", i, strings.Repeat(".", i%300))
		written[runs[w].id]++
		written[""]++
		if i%4001 == 4000 { // too rarely to keep up
			for _, f := range followers {
				step(f, 37)
			}
		}
	}
	for _, f := range followers {
		for step(f, 1000) {
		}
		if f.got+f.gap != written[f.process] {
			t.Errorf("%q: %d delivered + %d lost of %d written", f.process, f.got, f.gap, written[f.process])
		}
		if f.gap == 0 || f.got == 0 {
			t.Errorf("%q: nothing was lost or nothing delivered: the test shows nothing (%+v)", f.process, f)
		}
	}
}

func TestFloodEvictsItsOwnLinesOnly(t *testing.T) {
	s := New(1 << 20)
	quiet := s.Open("quiet", "quiet-1")
	w := quiet.Writer(Stdout)
	for i := range 100 {
		fmt.Fprintf(w, "precious %d\n", i)
	}
	flood := s.Open("flood", "flood-1").Writer(Stdout)
	for i := range 200_000 {
		fmt.Fprintf(flood, "noise %d\n", i)
	}
	if p := read(t, s, Query{Process: "quiet-1", Limit: MaxLimit}); len(p.Lines) != 100 {
		t.Fatalf("%d of 100 quiet lines are left", len(p.Lines))
	}
	p := read(t, s, Query{Process: "flood-1", Limit: MaxLimit})
	if n := len(p.Lines); n < 5000 || p.Lines[n-1].Text != "noise 199999" {
		t.Fatalf("flood keeps only %d lines of its share", n)
	}
}

func TestMemoryStaysBounded(t *testing.T) {
	const limit = 4 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := New(limit)
	for _, flood := range []struct{ size, total int }{ // 1 GiB together
		{0, 4 << 20}, {20, 20 << 20}, {120, 64 << 20}, {3000, 232 << 20}, {MaxLine, 704 << 20},
	} {
		size := flood.size
		w := s.Open("p", fmt.Sprint("p-", size)).Writer(Stdout)
		block := []byte(strings.Repeat(strings.Repeat("x", size)+"\n", max(1, (32<<10)/(size+1))))
		for n := 0; n < flood.total; n += len(block) {
			w.Write(block)
			if used := s.Used(); used > limit {
				t.Fatalf("lines of %d bytes: %d bytes used", size, used)
			}
		}
		if grown := int64(heap() - before); grown > limit+limit/4 {
			t.Fatalf("lines of %d bytes: heap grew by %d bytes, limit %d, store says %d", size, grown, limit, s.Used())
		}
	}
	runtime.KeepAlive(s)
}

func TestRunsAreForgottenBoundedly(t *testing.T) {
	s := New(0)
	first := read(t, s, Query{}).Cursor
	for i := range 2 * maxRuns {
		r := s.Open("p", fmt.Sprint("p-", i))
		r.Note(Info, "started")
		r.Close()
	}
	if n := len(s.runs); n != maxRuns {
		t.Fatalf("%d runs remembered", n)
	}
	p := read(t, s, Query{Cursor: first, Limit: MaxLimit})
	if int(p.Gap)+len(p.Lines) != 2*maxRuns || p.Gap < maxRuns/2 {
		t.Fatalf("gap %d and %d lines of %d", p.Gap, len(p.Lines), 2*maxRuns)
	}
	var sum int64
	for _, r := range s.runs {
		sum += r.cost
	}
	if s.Used() != sum {
		t.Fatalf("accounted %d, held %d", s.Used(), sum)
	}
}

func TestFollowWakesOnMatchingLineOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(0)
		r := s.Open("p", "p-1")
		c := read(t, s, Query{Process: "p-1"}).Cursor
		start := time.Now()
		go func() {
			w := r.Writer(Stdout)
			for range 50 {
				time.Sleep(100 * time.Millisecond)
				fmt.Fprint(w, "hum\n")
			}
			fmt.Fprint(w, "ERROR: at last\n")
		}()
		p := read(t, s, Query{Process: "p-1", Cursor: c, Level: Error, Wait: 20 * time.Second})
		if texts(p.Lines) != "ERROR: at last" || time.Since(start) > 5*time.Second+2*wakePause {
			t.Fatalf("after %v: %+v", time.Since(start), p)
		}
		start = time.Now()
		p = read(t, s, Query{Process: "p-1", Cursor: p.Cursor, Wait: 20 * time.Second})
		if len(p.Lines) != 0 || time.Since(start) != 20*time.Second {
			t.Fatalf("a quiet follow: %v %+v", time.Since(start), p)
		}
	})
}

// TestFloodDoesNotWakePerLine: a reader that waits for something else is woken
// at the pace of its pauses, not of the lines.
func TestFloodDoesNotWakePerLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(0)
		c := read(t, s, Query{}).Cursor
		done := make(chan Page)
		go func() {
			p, _ := s.Read(t.Context(), Query{Cursor: c, Level: Error, Wait: 20 * time.Second})
			done <- p
		}()
		synctest.Wait()
		w := s.Open("p", "p-1").Writer(Stdout)
		wakeups := 0
		const lines = 20_000
		for range lines {
			s.mu.Lock()
			if s.wake != nil {
				wakeups++ // the next append wakes the reader
			}
			s.mu.Unlock()
			fmt.Fprint(w, "hum\n")
			time.Sleep(50 * time.Microsecond)
		}
		fmt.Fprint(w, "ERROR now\n")
		p := <-done
		if texts(p.Lines) != "ERROR now" {
			t.Fatalf("%+v", p)
		}
		if most := lines * 50 / 10_000 * 11 / 10; wakeups > most {
			t.Fatalf("%d wake-ups for %d lines in 1 s, want at most %d", wakeups, lines, most)
		}
	})
}

func TestFollowIsOverWhenTheProcessIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(0)
		r := s.Open("p", "p-1")
		c := read(t, s, Query{Process: "p-1"}).Cursor
		start := time.Now()
		go func() {
			time.Sleep(time.Second)
			r.Close()
			r.Note(Error, "a straggler")
		}()
		p := read(t, s, Query{Process: "p-1", Cursor: c, Wait: 20 * time.Second})
		if !p.Ended || len(p.Lines) != 0 || time.Since(start) != time.Second {
			t.Fatalf("after %v: %+v", time.Since(start), p)
		}
		// Asking on behind the end must not spin.
		p = read(t, s, Query{Process: "p-1", Cursor: p.Cursor, Wait: 20 * time.Second})
		if !p.Ended || time.Since(start) != 21*time.Second {
			t.Fatalf("after %v: %+v", time.Since(start), p)
		}
	})
}

func TestFollowByNameGoesOnToTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(0)
		r := s.Open("dev", "dev-1")
		r.Note(Info, "one")
		p := read(t, s, Query{Process: "dev"})
		r.Note(Info, "two")
		r.Close()
		go func() {
			time.Sleep(time.Second)
			s.Open("other", "other-1").Note(Info, "not mine")
			s.Open("dev", "dev-2").Note(Info, "three")
		}()
		var got []string
		for range 2 {
			p = read(t, s, Query{Process: "dev", Cursor: p.Cursor, Wait: 20 * time.Second})
			got = append(got, texts(p.Lines))
		}
		if strings.Join(got, "|") != "two|three" || p.Gap != 0 || p.Ended {
			t.Fatalf("%q %+v", got, p)
		}
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(0)
		ctx, cancel := contextAfter(t, time.Second)
		defer cancel()
		start := time.Now()
		if _, err := s.Read(ctx, Query{Wait: time.Hour}); err == nil || time.Since(start) != time.Second {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
	})
}
