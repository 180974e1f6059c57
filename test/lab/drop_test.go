//go:build integration && linux

package lab

import (
	"testing"
	"time"
)

// Every packet is lost for 30 seconds, both ways: the sessions are back within 2 s after that,
// the same ones, and nothing is missing or doubled.
func TestH1_Drop(t *testing.T) {
	t.Parallel()
	p := newPair(t, 8)
	began := time.Now()
	p.a.filter(dropAll)
	p.b.filter(dropAll)
	time.Sleep(30 * time.Second)
	over := time.Now()
	p.a.filter()
	p.b.filter()
	p.awaitActive()
	noticed, resumed := measure(p.dial.said(), began, over)
	within(t, "resuming", resumed, 2*time.Second)
	if len(noticed) != p.sessions || len(resumed) != p.sessions {
		t.Errorf("%d sessions noticed, %d resumed, want %d", len(noticed), len(resumed), p.sessions)
	}
	p.settle(row{fault: "H1 drop, 30 s", noticed: noticed, resumed: resumed})
}
