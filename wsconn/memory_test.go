package wsconn

import (
	"runtime"
	"testing"
)

// held is what n connections made by open hold while idle, in bytes of heap and stack.
func held(t *testing.T, n int, open func(t *testing.T) func()) float64 {
	t.Helper()
	usage := func() float64 {
		runtime.GC()
		runtime.GC() // pools are emptied in two steps
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	warm := open(t)
	before := usage()
	var closers []func()
	for range n {
		closers = append(closers, open(t))
	}
	after := usage()
	for _, c := range append(closers, warm) {
		c()
	}
	return (after - before) / float64(n)
}

func TestIdleConnectionsHoldAsMuchAsBareOnes(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	const n = 100
	var ours, bare float64
	t.Run("ours", func(t *testing.T) {
		accept := pairs(t)
		ours = held(t, n, func(t *testing.T) func() {
			a, b := accept()
			// Something was said, much of it, before it fell silent.
			for _, c := range [][2]*Conn{{a, b}, {b, a}} {
				go c[0].WritePacket(nil, make([]byte, MaxPacket))
				if len(next(t, c[1])) != MaxPacket {
					t.Error("a part is missing")
				}
			}
			return func() { a.Close(); b.Close() }
		})
	})
	t.Run("bare", func(t *testing.T) {
		accept := barePairs(t)
		bare = held(t, n, func(t *testing.T) func() {
			a, b := accept()
			return func() { a.CloseNow(); b.CloseNow() }
		})
	})
	t.Logf("%.0f bytes for a pair, the library alone %.0f", ours, bare)
	if ours > 1.15*bare {
		t.Errorf("%.0f bytes for a pair, %.2f times that of the library alone", ours, ours/bare)
	}
}
