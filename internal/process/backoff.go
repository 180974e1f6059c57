package process

import "time"

const (
	firstDelay = 500 * time.Millisecond
	maxDelay   = 30 * time.Second
	// stableAfter is how long a command must run for its next failure to count
	// as the first.
	stableAfter = 10 * time.Second
)

// backoff spaces out restarts.
type backoff struct{ delay time.Duration }

// next returns how long to wait after a command that ran for uptime.
func (b *backoff) next(uptime time.Duration) time.Duration {
	if b.delay == 0 || uptime >= stableAfter {
		b.delay = firstDelay
	} else {
		b.delay = min(2*b.delay, maxDelay)
	}
	return b.delay
}
