//go:build integration && linux

package lab

import (
	"syscall"
	"testing"
	"time"
)

// Either side is stopped for a while, as a debugger or a full machine does: the sessions stay.
// The minute that G4 asks for is in the tests of the programs.
func TestG4_StoppedAcrossANetwork(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"dialing", "accepting"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, 8)
			stopped := map[string]*peer{"dialing": p.dial, "accepting": p.accept}[side]
			began := time.Now()
			stopped.signal(syscall.SIGSTOP)
			time.Sleep(10 * time.Second)
			over := time.Now()
			stopped.signal(syscall.SIGCONT)
			p.awaitActive()
			time.Sleep(time.Second)
			p.awaitActive()
			noticed, resumed := measure(p.dial.said(), began, over)
			if side == "dialing" && len(noticed) > 0 && noticed.at(0) < 10*time.Second {
				t.Errorf("a stopped process noticed after %v", noticed)
			}
			if len(resumed) > 0 {
				within(t, "resuming", resumed, 2*time.Second)
			}
			p.settle(row{fault: "G4 stopped, 10 s, " + side, noticed: noticed, resumed: resumed})
		})
	}
}
