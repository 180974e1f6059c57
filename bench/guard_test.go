package main

import (
	"os"
	"runtime"
	"testing"
)

// The guards bound what brum costs in proportion to bare coder/websocket, and what it
// allocates: in CPU time, which other work on the machine does not change much, and so
// generously that only a change for the worse of its kind is caught.
var guards = []struct {
	load   string
	count  int
	cpu    float64 // times coder's, at most
	allocs float64 // a message, both sides, at most
}{
	{"one way 64 B", 20_000, 0.5, 0.2},
	{"one way 1 KiB", 10_000, 1, 0.2},
	{"one way 64 KiB", 300, 4, 30},
	{"round trip 128 B, p50", 1_000, 3, 3},
	{"128 B, 64 outstanding", 6_400, 1.5, 1},
}

const guardRounds = 5

func TestCostsStayInProportion(t *testing.T) {
	if cpuTime() == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("no CPU time here")
		}
		t.Skip("no CPU time here")
	}
	bare, own := connect(t, coderPeer{reuse: true}), connect(t, brumPeer{reuse: true})
	for _, g := range guards {
		t.Run(key(g.load), func(t *testing.T) {
			l := loadNamed(t, g.load)
			cost := figure{Cells: map[string][]float64{}}
			allocs := figure{Cells: map[string][]float64{}}
			for range guardRounds {
				for name, c := range map[string]conn{baseline: bare, ours: own} {
					cpu, mallocs := spend(t, l, c, g.count)
					cost.put(name, cpu)
					allocs.put(name, mallocs)
				}
			}
			ratio := cost.ratio(ours, baseline)
			t.Logf("CPU × %.2f, %.3f allocations", ratio, allocs.value(ours))
			if ratio > g.cpu {
				t.Errorf("it takes %.2f times the CPU time of coder/websocket, %.2f at most", ratio, g.cpu)
			}
			if got := allocs.value(ours); got > g.allocs {
				t.Errorf("%.3f allocations a message, %.2f at most", got, g.allocs)
			}
		})
	}
}

func loadNamed(t *testing.T, name string) load {
	t.Helper()
	for _, l := range loads() {
		if l.name == name {
			return l
		}
	}
	t.Fatalf("there is no load %q", name)
	panic("unreachable")
}

// spend returns the CPU microseconds and the allocations of a message, both sides together.
func spend(t *testing.T, l load, c conn, count int) (cpu, mallocs float64) {
	t.Helper()
	runtime.GC() // nobody pays for another's garbage
	if _, err := l.run(c, l.size, count/2); err != nil {
		t.Fatal(err)
	}
	before := measure(false)
	o, err := l.run(c, l.size, count)
	if err != nil {
		t.Fatal(err)
	}
	after := measure(false)
	n := float64(o.count)
	return micros(after.CPU-before.CPU) / n, float64(after.Mallocs-before.Mallocs) / n
}
