package main

import (
	"fmt"
	"math"
)

// charted are the figures that the bar chart shows.
var charted = []string{
	"one way 64 B", "one way 1 KiB", "one way 64 KiB", "one way 1 MiB",
	"round trip 128 B, p50", "128 B, 64 outstanding", idleRSS,
}

// bars draws, for each charted figure, how many times better or worse than the baseline each
// contender is, on a logarithmic scale on which right is better.
func (r *report) bars() string {
	const (
		width, left, right = 860, 150, 90
		row, head, gap     = 17, 26, 14
	)
	type bar struct {
		name  string
		times float64
	}
	groups := map[string][]bar{}
	var all []float64
	rows := 0
	for _, name := range charted {
		f := r.find(name)
		if f == nil {
			continue
		}
		for _, c := range r.columns() {
			times := f.ratio(c, baseline)
			if math.IsNaN(times) || times == 0 {
				continue
			}
			if f.Better == lower {
				times = 1 / times
			}
			groups[name] = append(groups[name], bar{c, times})
			all = append(all, times)
			rows++
		}
	}
	s := &svg{width: width, height: 60 + rows*row + len(groups)*(head+gap)}
	scale := newLogScale(all)
	x := func(v float64) float64 { return left + scale.at(v)*(width-left-right) }
	s.text(12, 24, "title", "start", "Times better than bare coder/websocket (logarithmic; right is better)")
	s.text(12, 42, "small", "start", r.Date+", "+r.Machine)
	y := 56.0
	for _, name := range charted {
		bars := groups[name]
		if len(bars) == 0 {
			continue
		}
		y += head
		s.text(12, y-8, "", "start", name)
		for e := scale.from; e <= scale.to; e++ {
			s.line(x(math.Pow(10, e)), y, x(math.Pow(10, e)), y+float64(len(bars)*row), "grid")
		}
		for _, b := range bars {
			one, at := x(1), x(b.times)
			s.text(left-8, y+12, "small", "end", b.name)
			s.bar(min(one, at), y+3, math.Abs(at-one), row-5, colour(b.name))
			s.text(max(one, at)+5, y+12, "small", "start", "× "+format(b.times))
			y += row
		}
		s.line(x(1), y-float64(len(bars)*row), x(1), y, "axis")
		y += gap
	}
	return s.String()
}

// lines draws a plot with a logarithmic x axis, values from zero up.
func (p *plot) lines() string {
	const width, height, left, right, top, bottom = 620, 300, 60, 110, 46, 44
	var xs []float64
	highest := 0.0
	for _, series := range p.Series {
		xs = append(xs, series.X...)
		for _, y := range series.Y {
			highest = max(highest, y)
		}
	}
	highest *= 1.15
	scale := newLogScale(xs)
	x := func(v float64) float64 { return left + scale.at(v)*(width-left-right) }
	y := func(v float64) float64 { return height - bottom - v/highest*(height-top-bottom) }
	s := &svg{width: width, height: height}
	s.text(12, 24, "title", "start", p.Title+", "+p.Unit)
	for i := range 5 {
		v := highest * float64(i) / 4
		s.line(left, y(v), width-right, y(v), "grid")
		s.text(left-6, y(v)+4, "small", "end", format(v))
	}
	for e := scale.from; e <= scale.to; e++ {
		v := math.Pow(10, e)
		s.line(x(v), height-bottom, x(v), height-bottom+4, "axis")
		s.text(x(v), height-bottom+18, "small", "middle", format(v))
	}
	s.line(left, height-bottom, width-right, height-bottom, "axis")
	s.text((left+width-right)/2, height-8, "small", "middle", p.X)
	for _, series := range p.Series {
		var points []string
		for i := range series.X {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(series.X[i]), y(series.Y[i])))
			s.dot(x(series.X[i]), y(series.Y[i]), colour(series.Name))
		}
		s.path(points, colour(series.Name))
		last := len(series.X) - 1
		s.text(x(series.X[last])+8, y(series.Y[last])+4, "small", "start", series.Name+" "+format(series.Y[last]))
	}
	return s.String()
}
