//go:build integration && linux

package lab

import (
	"testing"
	"time"
)

// Resets, again and again, by the network (for both ends) and by the kernel of one host.
func TestResets(t *testing.T) {
	t.Parallel()
	p := newPair(t, 8)
	var noticed, resumed times
	for round := range 6 {
		began := time.Now()
		if round%2 == 0 {
			p.a.filter(resetAll)
			p.b.filter(resetAll)
			time.Sleep(time.Second)
		} else {
			p.a.killConnections()
		}
		over := time.Now()
		p.a.filter()
		p.b.filter()
		p.awaitActive()
		time.Sleep(500 * time.Millisecond) // of peace
		n, r := measure(p.dial.said(), began, over)
		noticed, resumed = append(noticed, n...), append(resumed, r...)
	}
	if len(noticed) < 6*p.sessions {
		t.Errorf("%d of %d resets were noticed", len(noticed), 6*p.sessions)
	}
	within(t, "noticing a reset", noticed, time.Second)
	within(t, "resuming", resumed, 2*time.Second)
	p.settle(row{fault: "reset storm", noticed: noticed, resumed: resumed})
}

// One packet in five is lost: all arrives, if later.
func TestLoss(t *testing.T) {
	t.Parallel()
	p := newPair(t, 8)
	began := time.Now()
	p.a.filter(dropFifth)
	p.b.filter(dropFifth)
	time.Sleep(30 * time.Second)
	over := time.Now()
	p.a.filter()
	p.b.filter()
	p.awaitActive()
	noticed, resumed := measure(p.dial.said(), began, over)
	p.settle(row{fault: "20 % loss, 30 s", noticed: noticed, resumed: resumed})
}

// A path of 200 ms each way and 1 Mbit/s carries sessions without replacing a connection.
func TestSlowPath(t *testing.T) {
	t.Parallel()
	p := newPairThrough(t, 8, []string{"-delay", "200ms", "-rate", "125000"})
	began := time.Now()
	time.Sleep(30 * time.Second)
	noticed, resumed := measure(p.dial.said(), began, time.Now())
	if r := p.settle(row{fault: "200 ms, 1 Mbit/s, 30 s", noticed: noticed, resumed: resumed}); r.resumes != 0 {
		t.Errorf("%d connections were replaced", r.resumes)
	}
}

// Large packets vanish and nobody says so, small ones get through; new connections, whose
// certificates are large, do not.
func TestBlackHoleForLargePackets(t *testing.T) {
	t.Parallel()
	p := newPair(t, 4, "-size", "3000")
	began := time.Now()
	p.a.filter(dropLarge)
	p.b.filter(dropLarge)
	time.Sleep(15 * time.Second)
	over := time.Now()
	p.a.filter()
	p.b.filter()
	p.awaitActive()
	noticed, resumed := measure(p.dial.said(), began, over)
	within(t, "noticing", noticed, 3*time.Second)
	within(t, "resuming", resumed, 2*time.Second)
	p.settle(row{fault: "MTU black hole, 15 s", noticed: noticed, resumed: resumed})
}
