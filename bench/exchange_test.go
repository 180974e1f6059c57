package main

import (
	"testing"
	"time"
)

// TestExchangeCountsWhatIsLostAndDoubled gives a ledger both.
func TestExchangeCountsWhatIsLostAndDoubled(t *testing.T) {
	l := newLedger(5)
	for _, n := range []int{0, 1, 1, 4} {
		if got, err := l.enter(numbered(n)); err != nil || got != n {
			t.Errorf("message %d was entered as %d, %v", n, got, err)
		}
	}
	if l.received != 3 || l.doubled != 1 {
		t.Errorf("%d received, %d doubled", l.received, l.doubled)
	}
	if _, err := l.enter(numbered(5)); err == nil {
		t.Error("there is no message 5")
	}
	if _, err := l.enter([]byte("no message")); err == nil {
		t.Error("this is no message")
	}
}

// TestCuts cuts a session, which loses nothing, and a peer that is dialled again.
func TestCuts(t *testing.T) {
	for _, name := range []string{ours, baseline} {
		t.Run(name, func(t *testing.T) {
			p, err := findPeer(name)
			if err != nil {
				t.Fatal(err)
			}
			const count = 3_000
			r, err := cutWhileTalking(p, count, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.back) != 3 || median(r.back) <= 0 {
				t.Errorf("back after %v", r.back)
			}
			if name == ours && (r.lost != 0 || r.doubled != 0) {
				t.Errorf("%d lost, %d doubled", r.lost, r.doubled)
			}
			if r.lost < 0 || r.lost > count {
				t.Errorf("%d of %d lost", r.lost, count)
			}
		})
	}
}

// TestLongPath: the proxy delays, and its rate is no more than it says.
func TestLongPath(t *testing.T) {
	tr, err := newTrack(tcpPeer{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.stop()
	path, err := startRole("long-path", "-at", tr.server.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer path.stop()
	c, err := openOne(tr.p, path.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	took, err := roundTrips(c, 128, 1)
	if err != nil || took[0] < pathRTT {
		t.Errorf("a round trip took %v, %v", took, err)
	}
	const size = 64 << 10
	const count = 200
	all, err := oneWay(c, size, count)
	if least := time.Duration(size*count/pathRate*float64(time.Second)) + pathRTT/2; err != nil || all < least {
		t.Errorf("%d bytes took %v, %v at least; %v", size*count, all, least, err)
	}
}
