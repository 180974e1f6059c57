package main

import "slices"

// plot is values over a number of something, for several contenders.
type plot struct {
	Title, Unit, X string
	Series         []*series
}

type series struct {
	Name string
	X, Y []float64
}

func (p *plot) of(name string) *series {
	i := slices.IndexFunc(p.Series, func(s *series) bool { return s.Name == name })
	if i < 0 {
		p.Series = append(p.Series, &series{Name: name})
		i = len(p.Series) - 1
	}
	return p.Series[i]
}

func (s *series) put(x, y float64) { s.X, s.Y = append(s.X, x), append(s.Y, y) }

// growth is the last value as a multiple of the first.
func (s *series) growth() float64 { return s.Y[len(s.Y)-1] / s.Y[0] }
