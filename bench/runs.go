package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// runsFile keeps, beside the document, what former runs have reached: one run is one sample.
const runsFile = "performance-runs.json"

// Runs that are kept, and those of them that the document shows.
const (
	runsKept  = 50
	runsShown = 6
)

// pastRun is what one run of everything has reached.
type pastRun struct {
	Date    string
	Commit  string
	Booted  string `json:",omitempty"` // when the machine was, if it tells
	Machine string
	Reached map[string]attained // by the target's key
}

type attained struct {
	Got     string
	Verdict verdict
}

// key tells targets apart, also from those that were once asked for.
func (t target) key() string { return t.work + ", " + t.asked() }

func (r *report) standings() pastRun {
	one := pastRun{Date: r.Date, Commit: r.Commit, Booted: r.Booted, Machine: r.Machine, Reached: map[string]attained{}}
	for _, t := range targets() {
		one.Reached[t.key()] = attained{t.got(r), t.verdict(r)}
	}
	return one
}

// readRuns returns the runs that the document's directory knows, oldest first.
func readRuns(dir string) ([]pastRun, error) {
	file := filepath.Join(dir, runsFile)
	data, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var runs []pastRun
	if err := json.Unmarshal(data, &runs); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return runs, nil
}

// with adds a run, in the place of itself if it is known.
func with(runs []pastRun, one pastRun) []pastRun {
	var all []pastRun
	for _, r := range runs {
		if r.Date != one.Date {
			all = append(all, r)
		}
	}
	all = append(all, one)
	return all[max(0, len(all)-runsKept):]
}

// runTable shows the latest runs side by side.
func runTable(runs []pastRun) string {
	runs = runs[max(0, len(runs)-runsShown):]
	var b strings.Builder
	row := func(first string, cell func(pastRun) string) {
		fmt.Fprintf(&b, "| %s |", first)
		for _, r := range runs {
			fmt.Fprintf(&b, " %s |", cell(r))
		}
		b.WriteByte('\n')
	}
	row("", func(r pastRun) string { return r.Date })
	b.WriteString("|---|" + strings.Repeat("---|", len(runs)) + "\n")
	row("commit", func(r pastRun) string { return r.Commit })
	row("machine booted", func(r pastRun) string { return dash(r.Booted) })
	for _, t := range targets() {
		row(t.work+" ("+t.asked()+")", func(r pastRun) string {
			switch o, known := r.Reached[t.key()]; {
			case !known:
				return "–"
			case o.Verdict == missed:
				return "**" + o.Got + "**"
			default:
				return o.Got
			}
		})
	}
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// booted says since when this machine runs, if it tells.
func booted() string {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		var at int64
		if _, err := fmt.Sscanf(line, "btime %d", &at); err == nil {
			return time.Unix(at, 0).UTC().Format("2006-01-02 15:04")
		}
	}
	return ""
}
