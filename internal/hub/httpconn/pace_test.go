package httpconn

import (
	"testing"
	"time"
)

// E1: in the first two minutes attempts are at most 1.5 s apart, after that at most 30 s, with
// full jitter, and a reset begins anew.
func TestE1_PaceOverHTTP(t *testing.T) {
	var p pace
	for range 200 {
		began := time.Now()
		now := began
		p.reset(now)
		calm := 0
		var sum time.Duration
		for now.Sub(began) < 10*time.Minute {
			wait := p.failed(now)
			eager := now.Sub(began) < eagerPeriod
			switch {
			case wait < 0, eager && wait > eagerMax, wait > calmMax:
				t.Fatalf("%v after %v", wait, now.Sub(began))
			case eager && p.tripped():
				t.Fatal("hope is given up too soon")
			case !eager:
				calm++
				if limit := calmFirst << (calm - 1); calm <= calmTries && wait > limit {
					t.Fatalf("calm attempt %d after %v", calm, wait)
				}
				if p.tripped() != (calm > calmTries) || p.tripped() && wait < calmMax/2 {
					t.Fatalf("calm attempt %d: %v after %v", calm, p.tripped(), wait)
				}
				sum += wait
			}
			now = now.Add(wait)
		}
		if calm < 15 || calm > 45 {
			t.Fatalf("%d calm attempts in 8 minutes, %v apart", calm, sum/time.Duration(calm))
		}
	}
}
