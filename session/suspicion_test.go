package session

import (
	"testing"
	"testing/synctest"
	"time"
)

// The change back to Active names what the link was suspected for, be it that the peer answered
// or that something arrived in a hold.
func TestG2_ActiveAgainNamesItsTrigger(t *testing.T) {
	for _, why := range []Trigger{TriggerWake, TriggerNetwork} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			var changes []Change
			states := p.a.Watch(t.Context())
			go func() {
				for ch := range states {
					changes = append(changes, ch)
				}
			}()
			suspected := func(what string) {
				t.Helper()
				synctest.Wait()
				if len(changes) != 2 || changes[1].From != Suspect || changes[1].To != Active {
					t.Fatalf("%s: changes %+v", what, changes)
				}
				for _, ch := range changes {
					if ch.Trigger != why {
						t.Errorf("%s: from %v to %v by %v, want %v", what, ch.From, ch.To, ch.Trigger, why)
					}
				}
				changes = nil
			}
			p.a.Hold(why)
			p.a.Nudge(why)
			time.Sleep(time.Second) // the answer comes
			suspected("nudged")
			if why != TriggerNetwork {
				return
			}
			p.a.Hold(why)
			time.Sleep(2 * holdBlind)
			send(t, p.b, "hello")
			want(t, p.a, "hello")
			suspected("reached")
		})
	}
}
