package listeners

import "sync/atomic"

// Countdown returns a function that calls last the nth time it is called. If n is 0, last is
// called at once.
func Countdown(n int, last func()) func() {
	if n == 0 {
		last()
	}
	var left atomic.Int64
	left.Store(int64(n))
	return func() {
		if left.Add(-1) == 0 {
			last()
		}
	}
}
