package logstore

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// write feeds data in random pieces and returns the lines.
func write(t *testing.T, data string, rnd *rand.Rand) []Line {
	t.Helper()
	s := New(8 << 20)
	w := s.Open("p", "p-1").Writer(Stdout)
	for len(data) > 0 {
		n := len(data)
		if rnd != nil {
			n = min(1+rnd.IntN(1+rnd.IntN(1+rnd.IntN(2*MaxLine))), len(data))
		}
		b := []byte(data[:n])
		w.Write(b)
		clear(b) // the writer must not keep it
		data = data[n:]
	}
	w.Flush()
	w.Flush()
	return read(t, s, Query{Limit: MaxLimit}).Lines
}

func TestWriterSplitsLines(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"a\nb\n", []string{"a", "b"}},
		{"a\r\nb\r\n\r\n\n", []string{"a", "b", "", ""}},
		{"10%\r20%\r\nend", []string{"10%\r20%", "end"}},
		{"last\r", []string{"last"}},
		{x(MaxLine) + "\n", []string{x(MaxLine)}},
		{x(MaxLine) + "\r\n", []string{x(MaxLine)}},
		{x(MaxLine+1) + "\n", []string{x(MaxLine) + "+", "x"}},
		{x(2*MaxLine) + "\r\ny", []string{x(MaxLine) + "+", x(MaxLine), "y"}},
		{x(MaxLine-1) + "é\n", []string{x(MaxLine-1) + "+", "é"}},
		{x(MaxLine) + "\ry\n", []string{x(MaxLine) + "+", "\ry"}},
		{"\xff\xfe raw\n", []string{"\xff\xfe raw"}},
	} {
		for i := range 20 {
			var rnd *rand.Rand
			if i > 0 {
				rnd = rand.New(rand.NewPCG(uint64(i), 0))
			}
			var got []string
			for _, l := range write(t, c.in, rnd) {
				if l.Continued {
					l.Text += "+"
				}
				got = append(got, l.Text)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") || len(got) != len(c.want) {
				t.Fatalf("%.40q, cut %d: %d lines, want %d", c.in, i, len(got), len(c.want))
			}
		}
	}
}

// FuzzWriter: no byte is lost, whatever the output and wherever reads cut it.
func FuzzWriter(f *testing.F) {
	f.Add([]byte("a\r\nb\x1b[31mERROR\x1b[0m\n"), uint64(1))
	f.Add(bytes.Repeat([]byte("é"), MaxLine), uint64(2))
	f.Add([]byte(`{"level":`), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		if len(data) > 1<<20 {
			return
		}
		// Line ends are what the store does not keep.
		var got strings.Builder
		for _, l := range write(t, string(data), rand.New(rand.NewPCG(seed, 0))) {
			if len(l.Text) > MaxLine {
				t.Fatalf("a line of %d bytes", len(l.Text))
			}
			if l.Continued && utf8.Valid(data) && !utf8.ValidString(l.Text) {
				t.Fatal("a character was torn")
			}
			got.WriteString(l.Text)
			if !l.Continued {
				got.WriteByte('\n')
			}
		}
		want := strings.ReplaceAll(string(data), "\r\n", "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want = strings.TrimSuffix(want, "\r") + "\n"
		}
		if lines := strings.Count(want, "\n"); lines < MaxLimit && got.Len() < maxAnswer/2 && got.String() != want {
			t.Fatalf("%.100q became %.100q", want, got.String())
		}
	})
}

func TestLevels(t *testing.T) {
	for level, lines := range map[Level][]string{
		Error: {
			"ERROR something", "[error] x", "error: x", "npm ERR! code ELIFECYCLE", "npm error code 1",
			"2026-01-02T03:04:05Z ERROR x", "2026/01/02 03:04:05 [ERR] x", "panic: runtime error", "fatal: not a git repository",
			"TypeError: x is not a function", "Traceback (most recent call last):", "java.lang.IllegalStateException: x",
			"src/a.ts(1,2): error TS1005: ';' expected", "a.c:1:2: error: expected", "E0102 15:04:05.678 1 x.go:1] y",
			"\x1b[31mERROR\x1b[0m boom", "\x1b[1m[\x1b[31merror\x1b[0m]\x1b[0m boom",
			`{"level":"error","msg":"x"}`, `{"time":1,"level":50,"msg":"x"}`, `{"severity": "CRITICAL"}`, `{"level":60}`,
			`time="…" level=error msg=x`, `ts=1 lvl="fatal" msg=x`, "Error: Cannot find module 'x'", "Uncaught ReferenceError: x is not defined",
		},
		Warn: {
			"WARN x", "(node:1) Warning: deprecated", "npm WARN deprecated", "npm warn x", "warning: unused", "[WARNING] x",
			`{"level":"warn"}`, `{"level":40}`, "level=warning msg=x", "W0102 15:04:05 x", "12:00 <warn> x",
		},
		Debug: {"DEBUG x", "[debug] x", `{"level":"trace"}`, `{"level":20}`, "level=debug x", "debug: x", "VERBOSE x"},
		Info: {
			"", "hello", "no errors found", "0 errors, 0 warnings", "compiled without error", "INFO x", "[info] x", "info: x",
			`{"level":"info","error":"x"}`, `{"level":30}`, `{"level":5000}`, `{"level"`, `{"level":`, `{"msg":"x"}`,
			"I0102 15:04:05 x", "GET /error 200", "sublevel=error", "an INFO about the ERROR", "see the debug output", "\x1b[", "\x1b]0;title",
		},
	} {
		for _, l := range lines {
			if got, _ := detect([]byte(l)); got != level {
				t.Errorf("%q: %v, want %v", l, got, level)
			}
		}
	}
}

func TestIndentedLinesShareTheLevelAbove(t *testing.T) {
	lines := write(t, "Error: boom\n    at f (x.js:1)\n    at g (x.js:2)\nnext\n    more\n", nil)
	var got []string
	for _, l := range lines {
		got = append(got, l.Level.String())
	}
	if s := strings.Join(got, " "); s != "error error error info info" {
		t.Fatal(s)
	}
}

func TestContinuedPiecesShareTheLevel(t *testing.T) {
	for _, l := range write(t, "ERROR "+strings.Repeat("INFO ", MaxLine), nil) {
		if l.Level != Error {
			t.Fatalf("%v", l.Level)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "\x1b[31mred\x1b[0m": "red", "\x1b]0;title\x07x": "x", "\x1b]8;;u\x1b\\l\x1b]8;;\x1b\\": "l",
		"a\x1b": "a", "a\x1b[31": "a", "\x1bcx": "x",
		"\x1b(B\x1b[mx": "x", "\x1b[?25lx": "x", "\x1b[1 qx": "x", "\x1b[größe": "röße", "\x1b[öx": "öx", "\x1bö": "ö", "\x1b\x1b[31mx": "x",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	line := []byte("2026-01-02 12:00:00 GET /api/items/12345 200 in 12 ms, 4321 bytes sent\n")
	block := bytes.Repeat(line, 400)
	w := New(64<<20).Open("p", "p-1").Writer(Stdout)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		w.Write(block)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*400), "ns/line")
}
