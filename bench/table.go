package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// table has a row for each figure and a column for each peer. Its cells hold what each round
// showed; medians are printed, and the median of each round's ratio to the baseline.
type table struct {
	columns  []string
	baseline int // column
	rows     []row
}

type row struct {
	what, unit string
	ratios     bool        // that are worth printing
	cells      [][]float64 // by column, then by round; empty: not measured
}

func (t *table) add(what, unit string, ratios bool) *row {
	t.rows = append(t.rows, row{what: what, unit: unit, ratios: ratios, cells: make([][]float64, len(t.columns))})
	return &t.rows[len(t.rows)-1]
}

func (t *table) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "\t\t%s\tspread\t\n", strings.Join(t.columns, "\t\t")+"\t")
	for _, r := range t.rows {
		fmt.Fprintf(tw, "%s\t%s\t", r.what, r.unit)
		for i, c := range r.cells {
			ratio := ""
			if r.ratios && i != t.baseline {
				ratio = ratioOf(c, r.cells[t.baseline])
			}
			fmt.Fprintf(tw, "%s\t%s\t", format(median(c)), ratio)
		}
		fmt.Fprintf(tw, "%s\t\n", r.spread())
	}
	return tw.Flush()
}

// spread is the widest range of a cell's rounds around their median.
func (r row) spread() string {
	if !r.ratios {
		return ""
	}
	widest := 0.0
	for _, c := range r.cells {
		if m := median(c); len(c) > 1 && m > 0 {
			widest = max(widest, (slices.Max(c)-slices.Min(c))/2/m)
		}
	}
	return fmt.Sprintf("±%.0f%%", widest*100)
}

func ratioOf(of, to []float64) string {
	var ratios []float64
	for i := range min(len(of), len(to)) {
		if to[i] > 0 {
			ratios = append(ratios, of[i]/to[i])
		}
	}
	if len(ratios) == 0 {
		return ""
	}
	return fmt.Sprintf("×%.2f", median(ratios))
}

// median is NaN if there is nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	if len(s)%2 == 0 {
		return (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return s[len(s)/2]
}

// format shows three significant digits or all that are before the point.
func format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v >= 1000:
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

func thousands(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
