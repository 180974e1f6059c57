package history

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// change is the n-th of a test.
func change(n int, to api.State) api.Change {
	return api.Change{At: epoch.Add(time.Duration(n) * time.Second), From: api.Active, To: to, Trigger: "timeout", Epoch: uint64(n)}
}

func TestBookIsBounded(t *testing.T) {
	l := limits{perInstance: 10, changes: 40, instances: 8, events: 3}
	b := newBook(l)
	for n := range 1000 {
		b.Add(fmt.Sprint("i", n%20), "web", change(n, api.Retrying))
		b.Add("flaps", "flaps", change(n, api.Active))
		b.AddEvent(api.Event{At: epoch, Kind: api.EventWake, ForMillis: float64(n)})
		total := 0
		for _, p := range b.pages {
			total += len(p.changes.values)
		}
		if total != b.total || total > l.changes || len(b.pages) > l.instances || len(b.events.values) > l.events {
			t.Fatalf("after %d: %d changes (%d), %d instances, %d events", n, total, b.total, len(b.pages), len(b.events.values))
		}
	}
	changes, dropped := b.Of("flaps")
	if len(changes) == 0 || changes[len(changes)-1].Epoch != 999 || dropped+uint64(len(changes)) != 1000 {
		t.Errorf("%d kept, %d dropped", len(changes), dropped)
	}
	if changes, _ := b.Of("i0"); len(changes) != 0 {
		t.Errorf("an instance that was quiet for long: %d changes", len(changes))
	}
}

func TestFind(t *testing.T) {
	b := New()
	for n, id := range []string{"web-1", "web-2", "api-1"} {
		b.Add(id, id[:3], change(n, api.Active))
	}
	for ref, want := range map[string]string{
		"web-1": "web-1", "web": "web-2", "we": "web-2", "api": "api-1", "x": "", "": "",
	} {
		if id, _, ok := b.Find(ref); id != want || ok != (want != "") {
			t.Errorf("%q: %q %t, want %q", ref, id, ok, want)
		}
	}
}

func TestTimeline(t *testing.T) {
	b := New()
	at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
	for _, c := range []struct {
		n  int
		to api.State
	}{{0, api.Connecting}, {1, api.Active}, {50, api.Suspect}, {52, api.Retrying}, {60, api.Active}, {210, api.Active}} {
		b.Add("a", "web", change(c.n, c.to))
	}
	b.AddEvent(api.Event{At: at(49), Kind: api.EventWake, ForMillis: 1000})
	b.AddEvent(api.Event{At: at(200), Kind: api.EventHubEnd})
	b.AddEvent(api.Event{At: at(205), Kind: api.EventHub})
	got := b.Timeline(at(40), at(300), []string{"a", "none"})
	want := &api.Timeline{
		From: at(40), To: at(300),
		Events: []api.Event{{At: at(49), Kind: api.EventWake, ForMillis: 1000}, {At: at(200), Kind: api.EventHubEnd}, {At: at(205), Kind: api.EventHub}},
		Instances: []api.Track{{ID: "a", Spans: []api.Span{
			{From: at(40), State: api.Active}, {From: at(50), State: api.Suspect}, {From: at(52), State: api.Retrying},
			{From: at(60), State: api.Active}, {From: at(200)}, {From: at(210), State: api.Active},
		}}, {ID: "none", Spans: []api.Span{}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := b.Timeline(at(-10), at(300), []string{"a"}).Instances[0].Spans[0]; got != (api.Span{From: at(0), State: api.Connecting}) {
		t.Errorf("from before anything was known: %+v", got)
	}
}
