package power

import (
	"testing"
	"time"
)

func filled(kinds ...Kind) (*Subscription, *Monitor) {
	m := &Monitor{subs: map[*Subscription]struct{}{}}
	return m.Subscribe(kinds...), m
}

func drain(s *Subscription) (events []Event) {
	for {
		select {
		case e := <-s.C:
			events = append(events, e)
		default:
			return events
		}
	}
}

func TestASlowSubscriberLosesNoResume(t *testing.T) {
	s, _ := filled()
	change := func(before, after string) *NetChange {
		_, c := diff(netState(machine(before, "", eth), nil), netState(machine(after, "", eth), nil))
		return c
	}
	s.push(Event{Kind: Resume, Sleep: 1, Slept: time.Hour})
	for range 1000 {
		s.push(Event{Kind: NetworkDown, Net: change(gw4, "")})
		s.push(Event{Kind: NetworkUp, Net: change("", gw4)})
	}
	s.push(Event{Kind: Resume, Sleep: 2, Slept: time.Minute})
	events := drain(s)
	if len(events) > queueLen {
		t.Fatalf("%d events wait", len(events))
	}
	var slept time.Duration
	for _, e := range events {
		if e.Kind == Resume {
			slept += e.Slept
		}
	}
	if slept != time.Hour+time.Minute || events[len(events)-1].Sleep != 2 {
		t.Errorf("got %v, told to have slept %v", tell(events), slept)
	}
}

func TestMerge(t *testing.T) {
	_, down := diff(netState(machine(gw4, "", eth), nil), netState(machine("", "", eth), nil))
	_, up := diff(netState(machine("", "", eth), nil), netState(machine("wlan0 10.0.0.1", "", "wlan0 10.0.0.2/8"), nil))
	_, back := diff(netState(machine("", "", eth), nil), netState(machine(gw4, "", eth), nil))
	for _, c := range []struct {
		name string
		in   []Event
		want string
	}{
		{"nothing alike", []Event{{Kind: Suspend}, {Kind: Resume}, {Kind: ClockStep}}, "suspend 0 by ; resume 0 by ; clock-step 0 by "},
		{"resumes", []Event{{Kind: Resume, Sleep: 1, Slept: s}, {Kind: ClockStep}, {Kind: Resume, Sleep: 2, Slept: h}}, "clock-step 0 by ; resume 2 slept 1h0m1s by "},
		{"dark wakes are none", []Event{{Kind: Resume, Sleep: 1}, {Kind: DarkWake, Sleep: 2}, {Kind: DarkWake, Sleep: 3}}, "resume 1 by ; dark-wake 3 by "},
		{"a canceled suspend", []Event{{Kind: Suspend, Sleep: 1}, {Kind: SuspendCanceled, Sleep: 1}}, "suspend-canceled 1 by "},
		{"suspend after resume", []Event{{Kind: Suspend, Sleep: 1}, {Kind: Resume, Sleep: 1}, {Kind: Suspend, Sleep: 2}}, "resume 1 by ; suspend 2 by "},
		{"elsewhere", []Event{{Kind: NetworkDown, Net: down}, {Kind: NetworkUp, Net: up}}, "network-change 0 by "},
		{"there and back again", []Event{{Kind: NetworkDown, Net: down}, {Kind: NetworkUp, Net: back}}, "network-change 0 by "},
		{"too long to count", []Event{{Kind: Resume, Slept: 1<<63 - 1}, {Kind: Resume, Slept: h}}, "resume 0 slept 2562047h47m16.854775807s by "},
	} {
		if got := tell(merge(c.in)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	merged := merge([]Event{{Kind: NetworkDown, Net: down}, {Kind: NetworkUp, Net: back}})[0].Net
	if !merged.Major || !merged.DefaultRouteChanged {
		t.Errorf("an outage in between was forgotten: %+v", merged)
	}
}

func TestASubscriptionGetsWhatItAskedFor(t *testing.T) {
	s, m := filled(Resume, NetworkUp)
	for k := Suspend; k <= ClockStep; k++ {
		s.push(Event{Kind: k})
	}
	if got := tell(drain(s)); got != "resume 0 by ; network-up 0 by " {
		t.Errorf("got %q", got)
	}
	s.Close()
	s.Close()
	if _, open := <-s.C; open {
		t.Error("C is not closed")
	}
	m.closed = true
	if _, open := <-m.Subscribe().C; open {
		t.Error("a closed monitor gives events")
	}
}
