// Package listeners keeps who wants to hear what the system calls back about.
package listeners

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Set holds listeners of one kind. A callback from the system may look at it without waiting
// for any lock. The zero value is an empty set.
type Set[T any] struct {
	mu  sync.Mutex // one change at a time
	all atomic.Pointer[[]*T]
}

// Add puts a listener into the set, until remove is called. A callback that runs at that moment
// may reach it once more. It may be called again, in vain.
func (s *Set[T]) Add(listener T) (remove func()) {
	entry := &listener
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(append(slices.Clone(s.entries()), entry))
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.set(slices.DeleteFunc(slices.Clone(s.entries()), func(e *T) bool { return e == entry }))
	}
}

// All returns the listeners of this moment, in the order they came.
func (s *Set[T]) All() []T {
	entries := s.entries()
	all := make([]T, len(entries))
	for i, e := range entries {
		all[i] = *e
	}
	return all
}

func (s *Set[T]) set(entries []*T) { s.all.Store(&entries) }

func (s *Set[T]) entries() []*T {
	if p := s.all.Load(); p != nil {
		return *p
	}
	return nil
}
