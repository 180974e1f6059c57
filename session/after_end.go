package session

// AfterEnd arranges for f to be called, in a goroutine of its own, when the session has ended;
// at once if it has already. It spares whoever looks after many sessions a goroutine for each
// that waits for Done. stop takes that back and reports whether it did: false means that f was
// called, or stop was before.
func (s *Session) AfterEnd(f func()) (stop func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		go f()
		return func() bool { return false }
	}
	entry := &f
	if s.afterEnd == nil {
		s.afterEnd = make(map[*func()]struct{})
	}
	s.afterEnd[entry] = struct{}{}
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, waits := s.afterEnd[entry]
		delete(s.afterEnd, entry)
		return waits
	}
}

// callAfterEnd calls those who wanted to know that the session has ended. mu is held.
func (s *Session) callAfterEnd() {
	for f := range s.afterEnd {
		go (*f)()
	}
	s.afterEnd = nil
}
