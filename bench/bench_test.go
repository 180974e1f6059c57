package main

import "testing"

// The same loads with both sides in one process, for profiles and for benchstat:
//
//	go test -bench 'Peers/brum/round' -cpuprofile cpu.prof
func BenchmarkPeers(b *testing.B) {
	for _, p := range nativePeers() {
		for _, l := range loads() {
			if !carries(p, l) {
				continue
			}
			b.Run(p.name()+"/"+key(l.name), func(b *testing.B) {
				c := connect(b, p)
				if _, err := l.run(c, l.size, 64); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(l.size))
				b.ReportAllocs()
				b.ResetTimer()
				if _, err := l.run(c, l.size, b.N); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkConnect opens a connection and waits for an answer on it.
func BenchmarkConnect(b *testing.B) {
	for _, p := range nativePeers() {
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
