package discovery

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever happens between two looks, a consumer that applies the events ends
// with the current state, and each event is a step from what it had.
func TestC2_mailbox_converges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMailbox()
		current, seen := map[string]Instance{}, map[string]Instance{}
		take := func() bool {
			event, ok := m.next()
			if !ok {
				return false
			}
			before, had := seen[event.Instance.ID]
			switch event.Change {
			case Added:
				if had {
					t.Fatalf("%s added twice", event.Instance.ID)
				}
				seen[event.Instance.ID] = event.Instance
			case Updated:
				if !had || same(before, event.Instance) {
					t.Fatalf("%s updated from %+v", event.Instance.ID, before)
				}
				seen[event.Instance.ID] = event.Instance
			case Removed:
				if !had {
					t.Fatalf("%s removed twice", event.Instance.ID)
				}
				delete(seen, event.Instance.ID)
			}
			return true
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			id := fmt.Sprint("i", rapid.IntRange(0, 3).Draw(t, "id"))
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				i := Instance{ID: id, Port: rapid.IntRange(1, 3).Draw(t, "port")}
				current[id] = i
				m.put(i)
			case 1:
				if i, ok := current[id]; ok { // a heartbeat
					i.LastPing = i.LastPing.Add(time.Second)
					current[id] = i
					m.put(i)
				}
			case 2:
				delete(current, id)
				m.remove(id)
			case 3:
				take()
			}
			if len(m.pending) > 4 {
				t.Fatalf("%d pending for 4 ids", len(m.pending))
			}
		}
		for take() {
		}
		if len(seen) != len(current) {
			t.Fatalf("%v, want %v", seen, current)
		}
		for id, i := range current {
			if !same(seen[id], i) {
				t.Fatalf("%s: %+v, want %+v", id, seen[id], i)
			}
		}
	})
}
