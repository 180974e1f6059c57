package system

import (
	"testing"
	"time"
)

// A clock whose reader has to wait now and then, between any two readings.
func TestPairIsNotTakenInByWaits(t *testing.T) {
	var now time.Duration
	waits := []time.Duration{time.Second, 0, 0, time.Minute, 0, time.Hour}
	read := func() time.Duration {
		at := now
		now += time.Microsecond
		if len(waits) > 0 {
			now += waits[0]
			waits = waits[1:]
		}
		return at
	}
	const slept = 7 * time.Hour
	total, awake := Pair(func() time.Duration { return read() + slept }, read)
	if off := total - awake - slept; off < -bracket || off > bracket {
		t.Errorf("the counter is off by %v", off)
	}
}

func TestPairEnds(t *testing.T) {
	var now time.Duration
	slow := func() time.Duration { now += time.Second; return now }
	total, awake := Pair(slow, slow)
	if off := total - awake; off < -time.Second || off > time.Second {
		t.Errorf("the counter is off by %v", off)
	}
}
