package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{
		0.1234: "0.12", 9.876: "9.88", 12.34: "12.3", 123.4: "123", 1234: "1,234", 1234567: "1,234,567",
		3: "3", 0: "0", -1234.5: "-1,234", math.NaN(): "–",
	} {
		if got := format(v); got != want {
			t.Errorf("format(%v) = %q, want %q", v, got, want)
		}
	}
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("median = %v", m)
	}
	f := figure{Cells: map[string][]float64{"a": {2, 4, 30}, "b": {1, 1, 10}}}
	if r := f.ratio("a", "b"); r != 3 {
		t.Errorf("ratio = %v", r)
	}
	if s := f.spread("b"); s != 4.5 {
		t.Errorf("spread = %v", s)
	}
	if o := rate(10, time.Second); o.value != 10 {
		t.Errorf("rate = %v", o)
	}
}

// someReport has figures on both sides of their limits.
func someReport() *report {
	r := &report{Command: "bench <all>", Date: "today", Machine: "a machine"}
	put := func(scenario, name string, cells map[string]float64) {
		f := r.add(scenario, name, "msgs/s", higher)
		for c, v := range cells {
			f.put(c, v)
		}
	}
	put("stream", "one way 64 B", map[string]float64{baseline: 100, ours: 1100, "gws": 50})
	put("stream", "one way 1 KiB", map[string]float64{baseline: 100, ours: 150})
	put("replay", replayFigure, map[string]float64{ours: 95})
	put("replay", replayNormal, map[string]float64{ours: 100})
	put("cuts", cutsLost, map[string]float64{ours: 0, baseline: 7})
	r.add("black hole", holeBack, "ms", lower).Notes[ours] = "> 1m0s"
	p := &plot{Title: "Memory", Unit: "KiB", X: "sessions"}
	p.of(ours).put(10, 5)
	p.of(ours).put(1000, 6)
	r.Plots = []*plot{p}
	return r
}

func TestTargets(t *testing.T) {
	r := someReport()
	want := map[string]verdict{
		"one way 64 B":                            met,
		"one way 1 KiB":                           missed,
		"one way 64 KiB":                          unmeasured,
		"replay of 10,000 × 1 KiB":                met,
		"RST cuts under load, lost":               met,
		"black hole, then open: next message, ms": missed,
	}
	for _, target := range targets() {
		if v, ok := want[target.work]; ok {
			if got := target.verdict(r); got != v {
				t.Errorf("%s: %s (%s), want %s", target.work, got, target.got(r), v)
			}
			delete(want, target.work)
		}
	}
	if len(want) > 0 {
		t.Errorf("no targets: %v", want)
	}
}

// TestDocument writes a document, and its charts, from figures that were saved and read.
func TestDocument(t *testing.T) {
	dir := t.TempDir()
	saved := filepath.Join(dir, "figures.json")
	if err := someReport().publish(dir, saved); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := r.read(saved); err != nil {
		t.Fatal(err)
	}
	if got := r.find("one way 64 B").ratio(ours, baseline); got != 11 {
		t.Errorf("after saving and reading, the ratio is %v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| one way 64 B | × 11 | ≥ 10 × coder | met |",
		"| one way 1 KiB | × 1.50 | ≥ 2 × coder | **missed** |",
		"performance-growth-1.svg", "bench <all>",
		"| one way 1 KiB (≥ 2 × coder) | **× 1.50** |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	for _, name := range []string{"performance.svg", "performance-growth-1.svg"} {
		checkXML(t, filepath.Join(dir, name))
	}
}

// TestRuns: a document knows the runs before, each once, and not without end.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	r := someReport()
	for _, date := range []string{"monday", "tuesday", "tuesday"} {
		r.Date = date
		if err := r.write(dir); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := readRuns(dir)
	if err != nil || len(runs) != 2 || runs[0].Date != "monday" || runs[1].Date != "tuesday" {
		t.Fatalf("runs %v, %v", runs, err)
	}
	if got := runs[0].Reached["one way 64 B, ≥ 10 × coder"]; got != (attained{"× 11", met}) {
		t.Errorf("monday has reached %v", got)
	}
	if table := runTable(runs); !strings.Contains(table, "| monday | tuesday |") ||
		!strings.Contains(table, "| one way 64 B (≥ 10 × coder) | × 11 | × 11 |") {
		t.Errorf("the table of two runs:\n%s", table)
	}
	for i := range 2 * runsKept {
		runs = with(runs, pastRun{Date: fmt.Sprint(i)})
	}
	if len(runs) != runsKept || runs[runsKept-1].Date != fmt.Sprint(2*runsKept-1) {
		t.Errorf("%d runs are kept", len(runs))
	}
	if err := os.WriteFile(filepath.Join(dir, runsFile), []byte("not JSON"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.write(dir); err == nil {
		t.Error("a damaged file of runs was written over")
	}
}

func checkXML(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tokens := 0
	for d := xml.NewDecoder(f); ; tokens++ {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	if tokens < 20 {
		t.Errorf("%s has %d tokens", file, tokens)
	}
}

// Each target has a figure that a scenario measures: a name that changed would go unmeasured
// without a word.
func TestFiguresOfTargetsExist(t *testing.T) {
	known := map[string]bool{
		idleRSS: true, sessionGoroutines: true, heartbeatFigure: true, resumeFigure: true, replayFigure: true,
		replayNormal: true, stormFigure(2_000): true, stormFigure(10_000): true, cutsBack: true, cutsLost: true,
		cutsDoubled: true, holeBack: true, holeIdle: true, bulkAdded: true, longPathFigure: true, growthMemory: true,
		growthCPU: true, mcpFigure(1): true, mcpOlderFigure: true, durableFigure(128, 1): true, durableFigure(128, outstanding): true,
		committedFigure(128, outstanding): true,
	}
	for _, l := range loads() {
		known[l.name], known[l.sends()], known[l.takes()] = true, true, true
	}
	for _, target := range targets() {
		if !known[target.figure] || (target.than != "" && !known[target.than]) {
			t.Errorf("%s: no scenario measures %q", target.work, target.figure)
		}
	}
}
