package system

import "time"

// Clock reads the raw clocks of a machine.
type Clock struct {
	Read func() Reading
	// CountsSleep: Total and Awake part during sleep. Without it they are equal.
	CountsSleep bool
}

// Reading is one look at the clocks. Only differences of Total and Awake mean something.
type Reading struct {
	Wall  time.Duration // since the Unix epoch
	Total time.Duration // runs on while the machine sleeps
	Awake time.Duration // stands still while the machine sleeps
}

// Slept is the sleep counter: it grows by the length of each sleep, and by nothing else.
func (r Reading) Slept() time.Duration { return r.Total - r.Awake }

// Time is the wall clock as a time.Time without a monotonic reading.
func (r Reading) Time() time.Time { return time.Unix(0, int64(r.Wall)) }

// bracket bounds what being preempted between two clocks can do to the difference of them.
const (
	bracket      = 50 * time.Microsecond
	bracketTries = 32
)

// Pair reads total between two readings of awake, again if the three were torn apart, so that
// a goroutine that had to wait between them does not take the wait for a sleep.
func Pair(total, awake func() time.Duration) (t, a time.Duration) {
	best := time.Duration(-1)
	for range bracketTries {
		before, now, after := awake(), total(), awake()
		if gap := after - before; best < 0 || gap < best {
			best, t, a = gap, now, before+gap/2
		}
		if best <= bracket {
			break
		}
	}
	return t, a
}
