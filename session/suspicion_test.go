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

// A link that breaks while it is in doubt was taken by what the doubt came from, whatever the
// error; one that just breaks, by the error.
func TestG2_WhatTookALinkInDoubt(t *testing.T) {
	for _, doubt := range []struct {
		put  func(*Session)
		want Trigger
	}{
		{func(s *Session) { s.Hold(TriggerWake) }, TriggerWake},
		{func(s *Session) { s.Nudge(TriggerWake) }, TriggerWake},
		{func(s *Session) { s.Nudge(TriggerNetwork) }, TriggerNetwork},
		{func(s *Session) { s.Nudge(TriggerManual) }, TriggerError},
		{func(*Session) {}, TriggerError},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Config{})
			defer p.end()
			p.net.last().blackhole()
			doubt.put(p.a)
			p.net.last().cut()
			synctest.Wait()
			p.a.Nudge(TriggerManual) // ends a hold
			synctest.Wait()
			last := p.a.Stats().LastResume
			if last == nil || last.Trigger != doubt.want {
				t.Errorf("resume %+v, want by %v", last, doubt.want)
			}
		})
	}
}
