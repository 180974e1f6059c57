package session

import (
	"testing"
	"time"
)

// L2: a change to a link tells how that came about: since when nothing was heard, how many
// attempts it took, what was sent again.
func TestL2_ResumeTellsItsStory(t *testing.T) {
	ct := newCoreTest(t)
	link := ct.attach()
	ct.settle(link)
	if first := ct.a.changes[len(ct.a.changes)-1]; first.Dials != 1 || first.Silence != 0 || first.Outage != 0 {
		t.Errorf("the first link: %+v", first)
	}
	ct.a.send(&ct.a.streams.main, []byte("1"))
	ct.next(ct.a) // lost on the way
	ct.now = ct.now.Add(700 * time.Millisecond)
	ct.a.linkLost(ct.now, link, TriggerTimeout, errSilent)
	if gone := ct.a.changes[len(ct.a.changes)-1]; gone.To != Retrying || gone.Silence != 700*time.Millisecond {
		t.Errorf("the loss: %+v", gone)
	}
	for range 2 {
		ct.request() // lost, too
	}
	ct.now = ct.now.Add(3 * time.Second)
	link = ct.attach()
	back := ct.a.changes[len(ct.a.changes)-1]
	if back.To != Active || back.Trigger != TriggerTimeout || back.Silence != 700*time.Millisecond ||
		back.Outage != 3*time.Second || back.Dials != 3 || back.Replayed != 1 {
		t.Errorf("the resume: %+v", back)
	}
	ct.settle(link)

	// The link is renewed beside one that is still good: one attempt, no outage to speak of.
	ct.a.renew(ct.now, TriggerNetwork)
	ct.attach()
	if moved := ct.a.changes[len(ct.a.changes)-1]; moved.To != Active || moved.Trigger != TriggerNetwork || moved.Dials != 1 || moved.Outage != 0 {
		t.Errorf("the renewal: %+v", moved)
	}
}
