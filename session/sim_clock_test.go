package session

import (
	"testing"
	"time"
	"unsafe"
)

// simTime is the true time since the day began; no host knows it.
type simTime = time.Duration

// simClock is what a host takes for the time: a monotonic clock, which on most systems stands
// still while the host sleeps, and a wall clock, which goes on and may be set.
type simClock struct {
	began     time.Time // wall clock at the beginning of the day
	set       time.Duration
	slept     simTime // by which the monotonic clock is behind
	sleepless bool    // the monotonic clock counts sleep, too
}

func (c *simClock) mono(t simTime) time.Duration { return time.Hour + t - c.slept }

// now is what time.Now would return on the host.
func (c *simClock) now(t simTime) time.Time {
	return instant(c.began.Add(t+c.set), c.mono(t))
}

// instant makes a Time with both readings, as only the runtime can: that the two disagree is
// what a sleep is known by. TestSimClock shows that the layout is as assumed.
func instant(wall time.Time, mono time.Duration) time.Time {
	const (
		hasMonotonic = 1 << 63
		to1885       = ((1969*365 + 1969/4 - 1969/100 + 1969/400) - (1884*365 + 1884/4 - 1884/100 + 1884/400)) * 86400
	)
	var t time.Time
	*(*struct {
		wall uint64
		ext  int64
	})(unsafe.Pointer(&t)) = struct {
		wall uint64
		ext  int64
	}{hasMonotonic | uint64(wall.Unix()+to1885)<<30 | uint64(wall.Nanosecond()), int64(mono)}
	return t
}

func TestSimClock(t *testing.T) {
	c := simClock{began: time.Unix(1_700_000_000, 123)}
	before := c.now(time.Second)
	c.slept = time.Hour // the host sleeps for an hour and runs for a second
	after := c.now(time.Hour + 2*time.Second)
	if ran := after.Sub(before); ran != time.Second {
		t.Errorf("ran for %v", ran)
	}
	if wall := after.Round(0).Sub(before.Round(0)); wall != time.Hour+time.Second {
		t.Errorf("the wall clock went on by %v", wall)
	}
	if want := c.began.Add(time.Second); !before.Round(0).Equal(want) || before.UnixNano() != want.UnixNano() {
		t.Errorf("%v, want %v", before, want)
	}
	if later := before.Add(time.Minute); later.Sub(before) != time.Minute || !later.After(before) {
		t.Errorf("a minute after %v is %v", before, later)
	}
}
