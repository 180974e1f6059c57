package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// svg is a drawing that grows.
type svg struct {
	width, height int
	body          strings.Builder
}

const svgStyle = `text{font:12px sans-serif;fill:#24292f}.title{font-size:15px;font-weight:bold}` +
	`.small{font-size:11px;fill:#57606a}.axis{stroke:#8c959f;stroke-width:1}.grid{stroke:#d0d7de;stroke-width:1}`

func (s *svg) text(x, y float64, class, anchor, text string) {
	fmt.Fprintf(&s.body, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n",
		x, y, class, anchor, html.EscapeString(text))
}

func (s *svg) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&s.body, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class)
}

func (s *svg) bar(x, y, width, height float64, colour string) {
	fmt.Fprintf(&s.body, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
		x, y, max(width, 0.5), height, colour)
}

func (s *svg) dot(x, y float64, colour string) {
	fmt.Fprintf(&s.body, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", x, y, colour)
}

func (s *svg) path(points []string, colour string) {
	fmt.Fprintf(&s.body, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
		strings.Join(points, " "), colour)
}

func (s *svg) String() string {
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n"+
		"<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s</svg>\n",
		s.width, s.height, s.width, s.height, svgStyle, s.body.String())
}

// colours of contenders: ours, the baseline, everybody else.
func colour(name string) string {
	switch name {
	case ours:
		return "#0969da"
	case baseline:
		return "#57606a"
	default:
		return "#bf8700"
	}
}

// logScale maps values to 0 … 1 between powers of ten.
type logScale struct{ from, to float64 } // exponents

func newLogScale(values []float64) logScale {
	s := logScale{math.Inf(1), math.Inf(-1)}
	for _, v := range values {
		if v > 0 {
			s.from, s.to = min(s.from, math.Floor(math.Log10(v))), max(s.to, math.Ceil(math.Log10(v)))
		}
	}
	if s.to <= s.from {
		s.to = s.from + 1
	}
	return s
}

func (s logScale) at(v float64) float64 { return (math.Log10(v) - s.from) / (s.to - s.from) }
