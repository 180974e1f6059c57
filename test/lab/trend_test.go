//go:build integration && linux

package lab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// series is what was measured of one thing, over time.
type series struct {
	at     []time.Duration
	values []float64
}

func (s *series) add(at time.Duration, value float64) {
	s.at, s.values = append(s.at, at), append(s.values, value)
}

// growth is by how much the values have grown, from the end of the warm-up, a third of the
// time, to the end: the median of the slopes between all pairs of them, which single ones can't
// bend, times the span.
func (s *series) growth() float64 {
	if len(s.at) == 0 {
		return 0
	}
	end := s.at[len(s.at)-1]
	from := slices.IndexFunc(s.at, func(at time.Duration) bool { return at >= end/3 })
	var slopes []float64
	for i := from; i < len(s.at); i++ {
		for j := i + 1; j < len(s.at); j++ {
			if dt := s.at[j] - s.at[i]; dt > 0 {
				slopes = append(slopes, (s.values[j]-s.values[i])/dt.Seconds())
			}
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	slices.Sort(slopes)
	return slopes[len(slopes)/2] * (end - s.at[from]).Seconds()
}

func (s *series) median() float64 {
	if len(s.values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(s.values))[len(s.values)/2]
}

// flat checks that the values do not grow by more than so much, or a share of what they are.
func (s *series) flat(t *testing.T, what string, by, share float64) {
	t.Helper()
	growth, bound := s.growth(), max(by, share*s.median())
	t.Logf("%-28s median %7.1f, growth %+6.1f of at most %.1f, %d measurements", what, s.median(), growth, bound, len(s.values))
	if growth > bound {
		t.Errorf("%s grows: %.1f", what, s.values)
	}
}

// The test of trends finds what grows, and nothing else.
func TestTrend(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name      string
		value     func(i int) float64
		least, at float64 // bounds of the growth
	}{
		{"flat", func(int) float64 { return 20 }, 0, 0},
		{"noise", func(int) float64 { return 20 + random.Float64() }, -1, 1},
		{"warm-up", func(i int) float64 { return 20 + float64(min(i, 15)) }, 0, 1},
		{"one peak", func(i int) float64 { return 20 + float64(max(0, 100*(1-(i-60)*(i-60)))) }, 0, 0},
		{"leak", func(i int) float64 { return 20 + float64(i)/10 + random.Float64() }, 5, 8},
	} {
		var s series
		for i := range 100 {
			s.add(time.Duration(i)*time.Second, c.value(i))
		}
		if got := s.growth(); got < c.least || got > c.at {
			t.Errorf("%s: %v, want %v to %v", c.name, got, c.least, c.at)
		}
	}
}

// watched are processes whose memory, threads and files are measured.
type watched struct {
	names []string
	all   map[string]*process
	seen  map[string]*series
}

func newWatched() *watched {
	return &watched{all: make(map[string]*process), seen: make(map[string]*series)}
}

func (w *watched) add(name string, p *process) {
	w.names = append(w.names, name)
	w.all[name] = p
}

// What is measured of a process.
const (
	memory  = "memory in MiB"
	threads = "threads"
	files   = "files"
)

func (w *watched) measure(t *testing.T, at time.Duration) {
	t.Helper()
	for _, name := range w.names {
		u, err := w.all[name].usage()
		if err != nil {
			t.Fatalf("%s is not there any more: %v", name, err)
		}
		for what, value := range map[string]float64{memory: u.rss, threads: u.threads, files: u.fds} {
			key := fmt.Sprintf("%s, %s", name, what)
			if w.seen[key] == nil {
				w.seen[key] = new(series)
			}
			w.seen[key].add(at, value)
		}
	}
}

// flat checks that nothing has grown.
func (w *watched) flat(t *testing.T) {
	t.Helper()
	for _, name := range w.names {
		for _, c := range []struct {
			what      string
			by, share float64
		}{{memory, 8, 0.2}, {threads, 4, 0}, {files, 4, 0}} {
			key := fmt.Sprintf("%s, %s", name, c.what)
			w.seen[key].flat(t, key, c.by, c.share)
		}
	}
}
