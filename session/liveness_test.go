package session

import (
	"testing"
	"time"
)

// §9: a peer that answers every probe and acknowledges nothing is probed now and then, not as
// fast as it answers.
func TestPeerThatNeverAcknowledges(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	ct.a.send(&ct.a.streams.main, []byte("never acknowledged"))
	ct.next(ct.a)
	start, probes := ct.now, 0
	for ct.now.Sub(start) < 5*time.Second {
		if ct.now = ct.a.deadline(); probes > 100 {
			t.Fatalf("%d probes within %v", probes, ct.now.Sub(start))
		}
		if lost, _ := ct.a.tick(ct.now); lost {
			t.Fatal("a link that answers was given up")
		}
		if ct.a.live.probe.phase != probePending {
			continue
		}
		probes++
		pong := appendNonce(nil, framePong, ct.a.live.probe.nonce)
		if err := ct.deliver(ct.a, link, pong); err != nil {
			t.Fatal(err)
		}
	}
	if probes < 5 || probes > 10 {
		t.Errorf("%d probes in 5 s", probes)
	}
}
