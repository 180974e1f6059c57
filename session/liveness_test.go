package session

import (
	"bytes"
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

// §9: where one packet takes longer than all patience at first, that costs a link or two until
// it is known; then the session goes on.
func TestSlowPathIsLearned(t *testing.T) {
	const packetTime = 3500 * time.Millisecond // of what is sent; the way back is quick
	ct := newCoreTest(t)
	links := 0
	for done := false; !done; {
		if links++; links > 4 {
			t.Fatalf("link %d, and still nothing was acknowledged", links)
		}
		link := ct.attach()
		if links == 1 {
			ct.settle(link)
			ct.a.send(&ct.a.streams.main, bytes.Repeat([]byte("x"), maxFragment))
		}
		packet := ct.next(ct.a)
		for end := ct.now.Add(packetTime); ct.a.link == linkUp && !done; {
			if next := ct.a.deadline(); next.Before(end) {
				ct.now = next
				if lost, trigger := ct.a.tick(ct.now); lost {
					ct.a.linkLost(ct.now, link, trigger, errSilent)
				}
				continue
			}
			ct.now = end
			ct.deliver(ct.b, link, packet)
			ct.settle(link)
			done = ct.a.log.unacked() == 0
		}
	}
	if links == 1 {
		t.Error("the first link was patient for no reason")
	}
}

// §9: a fresh link may go by another path; what is known of the former's does not count.
func TestFreshLinkForgetsTheRoundTrip(t *testing.T) {
	ct := newCoreTest(t)
	first := ct.attach()
	ct.settle(first)
	if ct.a.live.patience() != minProbe {
		t.Fatalf("patience of %v on a quick path", ct.a.live.patience())
	}
	ct.a.linkLost(ct.now, first, TriggerError, errCut)
	ct.attach()
	ct.a.nudge(ct.now, TriggerNetwork)
	if left := ct.a.live.probe.deadline.Sub(ct.now); left != maxProbe {
		t.Errorf("a probe on a fresh link has %v", left)
	}
}

// §9: a window that is shorter than a probe may take leaves a fresh link half of it before it is
// in doubt.
func TestShortWindow(t *testing.T) {
	v := liveness{heartbeat: 900 * time.Millisecond, window: time.Second}
	now := time.Now()
	v.begin(now, 1)
	if left := v.deadline().Sub(now); left != v.window/2 {
		t.Errorf("a fresh link is looked at after %v", left)
	}
	if verdict, ping := v.tick(now.Add(v.window/2-1), TriggerNone, 2); verdict != linkFine || ping || v.probe.phase != probeBeat {
		t.Errorf("%v, pinged %t, %v", verdict, ping, v.probe)
	}
}

// §9: pings that have crossed, as the first of a link do, leave the next to the dialing side.
func TestCrossedPings(t *testing.T) {
	ct := newCoreTest(t)
	ct.settle(ct.attach())
	for range 3 {
		if !ct.a.live.turn || ct.b.live.turn {
			t.Fatalf("the dialing side's turn: %t, the accepting side's: %t", ct.a.live.turn, ct.b.live.turn)
		}
		ct.a.measure(ct.now)
		ct.b.measure(ct.now)
		ct.settle(ct.a.linkID)
	}
	ct.a.measure(ct.now)
	ct.settle(ct.a.linkID)
	if ct.a.live.turn || !ct.b.live.turn {
		t.Errorf("after a ping of the dialing side it is its turn: %t; the accepting side's: %t", ct.a.live.turn, ct.b.live.turn)
	}
}
