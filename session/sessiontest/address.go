package sessiontest

import (
	"os"
	"time"
)

// address is that of a link's end.
type address Direction

func (address) Network() string { return "memory" }

func (a address) String() string {
	if Direction(a) == ToAcceptor {
		return "dialer"
	}
	return "acceptor"
}

var errDeadline = os.ErrDeadlineExceeded

// sooner is the shorter of two waits, of which a negative one is endless.
func sooner(a, b time.Duration) time.Duration {
	switch {
	case a < 0:
		return b
	case b < 0:
		return a
	default:
		return min(a, b)
	}
}

// pause waits for a change, at most as long as wait says.
func pause(changed <-chan struct{}, wait time.Duration) {
	if wait < 0 {
		<-changed
		return
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	}
}
