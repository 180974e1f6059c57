package daemon

import (
	"context"
	"net"

	"golang.org/x/time/rate"
)

// All instances together are dialled so often at most, so that a hub with a thousand of them
// that are down does not keep the machine busy. It is a rate and not a number at a time: an
// instance whose dials hang must not take the others' turn.
const (
	dialsPerSecond = 200
	dialBurst      = 200
)

type dialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// newDialBudget returns open, made to wait its turn.
func newDialBudget(open dialContext) dialContext {
	turns := rate.NewLimiter(dialsPerSecond, dialBurst)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := turns.Wait(ctx); err != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: err}
		}
		return open(ctx, network, address)
	}
}
