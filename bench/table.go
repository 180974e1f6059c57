package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// columns are the contenders that a table of a report's figures needs, the baseline first.
func (r *report) columns() []string {
	seen := map[string]bool{}
	for _, f := range r.Figures {
		for name := range f.Cells {
			seen[name] = true
		}
		for name := range f.Notes {
			seen[name] = true
		}
	}
	var columns []string
	for _, name := range append(allNames(), wideName, committing, jetName, "stdio", "in-memory") {
		if seen[name] {
			columns = append(columns, name)
			delete(seen, name)
		}
	}
	return append(columns, slices.Sorted(maps.Keys(seen))...)
}

// cell is what a table shows of a figure: the value, its ratio to the baseline's, or both.
func (f *figure) cell(contender string) string {
	v := f.value(contender)
	if math.IsNaN(v) {
		if note := f.Notes[contender]; note != "" {
			return note
		}
		return "–"
	}
	text := format(v)
	if ratio := f.ratio(contender, baseline); contender != baseline && !f.Plain && !math.IsNaN(ratio) {
		text += " ×" + format(ratio)
	}
	return text
}

// widest is the widest spread of all contenders.
func (f *figure) widest() float64 {
	widest := 0.0
	for name := range f.Cells {
		widest = max(widest, f.spread(name))
	}
	return widest
}

func (r *report) print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s, commit %s, %s\n\n", r.Command, r.Date, r.Commit, r.Machine)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := r.columns()
	fmt.Fprintf(tw, "\t\t%s\tspread\t\n", strings.Join(columns, "\t"))
	for _, f := range r.Figures {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = f.cell(c)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t±%.0f%%\t\n", f.Name, f.Unit, strings.Join(cells, "\t"), f.widest()*100)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n× is the ratio to %s.\n\n", baseline)
	tw = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range targets() {
		if v := t.verdict(r); v != unmeasured {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", strings.Trim(string(v), "*"), t.work, t.got(r), t.asked())
		}
	}
	return tw.Flush()
}

// format shows three significant digits or all that are before the point.
func format(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case v == math.Trunc(v) && size < 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 1000:
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case size >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

func thousands(digits string) string {
	digits, negative := strings.CutPrefix(digits, "-")
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
