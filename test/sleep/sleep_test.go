//go:build sleep && linux

package sleep

import (
	"testing"
	"time"
)

func TestH6_PathKept(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path kept, quiet", quiet: true})
	r.check(t)
	r.checkKept(t)
}

// What sends to a machine that sleeps gets no answer, and gives up the link before the other
// side wakes.
func TestH6_PathKeptAndPeersTalking(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path kept, talking"})
	r.check(t)
}

func TestH6_PathReset(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path reset", fate: reset})
	r.check(t)
	r.checkResumed(t, "wake")
}

func TestH6_PathBlackholed(t *testing.T) {
	r := getLab(t).take(t, nap{name: "path blackholed", fate: blackholed})
	r.check(t)
	r.checkResumed(t, "wake")
}

func TestH6_NetworkGone(t *testing.T) {
	r := getLab(t).take(t, nap{name: "network gone", depart: 1500 * time.Millisecond, fate: blackholed})
	r.check(t)
	r.checkResumed(t, "wake", "network")
}

func TestG1_EightHours(t *testing.T) {
	r := getLab(t).take(t, nap{name: "8 hours, quiet", quiet: true, leap: 8 * time.Hour})
	r.check(t)
	r.checkKept(t)
}
