package discovery

import (
	"fmt"
	"sync"
)

// Change is what happened to an instance.
type Change uint8

const (
	Added   Change = iota // it is new
	Updated               // something but the heartbeat's time has changed; perhaps the process
	Removed               // its file is gone, or its process is dead
)

func (c Change) String() string {
	switch c {
	case Added:
		return "added"
	case Updated:
		return "updated"
	case Removed:
		return "removed"
	default:
		return fmt.Sprintf("change(%d)", uint8(c))
	}
}

// Event is one change. Instance is the latest state; of a removed one, the last
// that was delivered.
type Event struct {
	Change   Change
	Instance Instance
}

// mailbox holds the difference between the current state and what the consumer
// has been told. A slow consumer costs no memory and holds nobody up: it misses
// states in between, never the last.
type mailbox struct {
	mu      sync.Mutex // guards following
	current map[string]Instance
	told    map[string]Instance
	pending []string            // ids to look at, oldest change first, each once
	queued  map[string]struct{} // the same as a set
	changed chan struct{}       // has a token when pending may be non-empty
}

func newMailbox() *mailbox {
	return &mailbox{current: map[string]Instance{}, told: map[string]Instance{},
		queued: map[string]struct{}{}, changed: make(chan struct{}, 1)}
}

func (m *mailbox) put(i Instance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, known := m.current[i.ID]
	m.current[i.ID] = i
	if !known || !same(before, i) {
		m.enqueueLocked(i.ID)
	}
}

func (m *mailbox) remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.current[id]; known {
		delete(m.current, id)
		m.enqueueLocked(id)
	}
}

func (m *mailbox) enqueueLocked(id string) {
	if _, ok := m.queued[id]; !ok {
		m.queued[id] = struct{}{}
		m.pending = append(m.pending, id)
	}
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// next returns the oldest change that the consumer has not been told.
func (m *mailbox) next() (Event, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.pending) > 0 {
		id := m.pending[0]
		m.pending = m.pending[1:]
		delete(m.queued, id)
		now, exists := m.current[id]
		before, told := m.told[id]
		switch {
		case exists && !told:
			m.told[id] = now
			return Event{Added, now}, true
		case exists && !same(before, now):
			m.told[id] = now
			return Event{Updated, now}, true
		case !exists && told:
			delete(m.told, id)
			return Event{Removed, before}, true
		}
	}
	return Event{}, false
}

func (m *mailbox) snapshot() []Instance {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Instance, 0, len(m.current))
	for _, i := range m.current {
		list = append(list, i)
	}
	return list
}
