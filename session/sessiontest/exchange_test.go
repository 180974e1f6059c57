package sessiontest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/session"
)

// Whatever becomes of the first dials, the session comes about and loses nothing.
func TestExchangeAfterEachFate(t *testing.T) {
	for fate := Connected; fate <= Overtaken; fate++ {
		t.Run(fate.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := exchange(t, OverNetwork, Plan{Fate: fate})
				// Of a doubled request either copy may come first; the other one is stale.
				if once := n.Dials() == 1; once != (fate == Connected) && fate != Doubled {
					t.Errorf("%d dials", n.Dials())
				}
			})
		})
	}
}

// A slow path takes its time and loses nothing.
func TestExchangeOverASlowPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		exchange(t, func(n *Network, a *session.Acceptor) (session.DialFunc, func()) {
			n.Shape(Conditions{Delay: 50 * time.Millisecond, Jitter: 30 * time.Millisecond, BytesPerSecond: 64 << 10})
			return OverNetwork(n, a)
		}, Plan{})
		if d := time.Since(start); d < 600*time.Millisecond || d > 10*time.Second {
			t.Errorf("took %v", d)
		}
	})
}
