package main

import (
	"math"
	"slices"
)

// better says which values of a figure are better.
type better uint8

const (
	higher better = iota
	lower
)

// figure is one thing that was measured of several contenders, most of them peers.
type figure struct {
	Scenario string
	Name     string
	Unit     string
	Better   better
	Plain    bool // whose ratios tell nothing
	// Cells have what each round showed, by contender. Ratios are formed round by round.
	Cells map[string][]float64
	// Notes are what there is to say beside a value, or instead of one.
	Notes map[string]string
}

// report is all that was measured, in the order in which it was.
type report struct {
	Command string
	Machine string
	Date    string
	Commit  string
	Booted  string // when the machine was, if it tells
	Note    string // what else there is to know about the run
	Pinned  bool
	Figures []*figure
	Plots   []*plot
	// Failures are scenarios that ended before they had measured everything.
	Failures []string
}

func (r *report) add(scenario, name, unit string, b better) *figure {
	f := &figure{Scenario: scenario, Name: name, Unit: unit, Better: b,
		Cells: map[string][]float64{}, Notes: map[string]string{}}
	r.Figures = append(r.Figures, f)
	return f
}

func (r *report) find(name string) *figure {
	i := slices.IndexFunc(r.Figures, func(f *figure) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return r.Figures[i]
}

func (f *figure) put(contender string, value float64) {
	f.Cells[contender] = append(f.Cells[contender], value)
}

// value is the median of a contender's rounds; NaN without any.
func (f *figure) value(contender string) float64 { return median(f.Cells[contender]) }

// ratio is the median of the ratios of each round; NaN without any.
func (f *figure) ratio(of, to string) float64 {
	var ratios []float64
	a, b := f.Cells[of], f.Cells[to]
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return median(ratios)
}

// spread is the range of a contender's rounds around their median, halved; 0 with one round.
func (f *figure) spread(contender string) float64 {
	c := f.Cells[contender]
	m := median(c)
	if len(c) < 2 || m == 0 {
		return 0
	}
	return (slices.Max(c) - slices.Min(c)) / 2 / m
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
