package main

import (
	"strings"
	"testing"
	"time"
)

// The same scenarios with both sides in one process, for profiles and for benchstat:
//
//	go test -bench 'brum-append/round' -cpuprofile cpu.prof
func BenchmarkPeers(b *testing.B) {
	for _, p := range peers() {
		for _, sc := range scenarios() {
			if !carries(p, sc) {
				continue
			}
			b.Run(p.name()+"/"+strings.ReplaceAll(strings.ReplaceAll(sc.name, ",", ""), " ", "_"), func(b *testing.B) {
				c := connect(b, p)
				if _, err := sc.run(c, 64); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(sc.size))
				b.ReportAllocs()
				b.ResetTimer()
				if _, err := sc.run(c, b.N); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkConnect opens a connection and waits for an answer on it.
func BenchmarkConnect(b *testing.B) {
	for _, p := range peers() {
		b.Run(p.name(), func(b *testing.B) {
			addr := serveHere(b, p)
			b.ReportAllocs()
			for b.Loop() {
				c, err := openOne(p, addr)
				if err != nil {
					b.Fatal(err)
				}
				c.close()
			}
		})
	}
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{
		0.1234: "0.12", 9.876: "9.88", 12.34: "12.3", 123.4: "123", 1234: "1,234", 1234567: "1,234,567",
	} {
		if got := format(v); got != want {
			t.Errorf("format(%v) = %q, want %q", v, got, want)
		}
	}
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("median = %v", m)
	}
	if r := ratioOf([]float64{2, 4, 30}, []float64{1, 1, 10}); r != "×3.00" {
		t.Errorf("ratio = %s", r)
	}
	if o := rate(10, time.Second); o.value != 10 {
		t.Errorf("rate = %v", o)
	}
}
