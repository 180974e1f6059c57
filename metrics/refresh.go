package metrics

import (
	"context"

	"github.com/standardbeagle/brum/session"
)

// wait is somebody who waits for sessions to be measured.
type wait struct {
	left map[*session.Session]struct{}
	done chan struct{} // closed when left is empty
}

// Refresh measures the round trips of all links, so that a scrape that follows shows how long
// they are now. It returns when all have answered, or ctx is done.
func (m *Sessions) Refresh(ctx context.Context) {
	w := &wait{left: make(map[*session.Session]struct{}), done: make(chan struct{})}
	m.mu.Lock()
	ask := make([]*session.Session, 0, len(m.of))
	for s := range m.of {
		ask = append(ask, s)
		w.left[s] = struct{}{}
	}
	if len(ask) == 0 {
		m.mu.Unlock()
		return
	}
	m.waits[w] = struct{}{}
	m.mu.Unlock()

	for _, s := range ask {
		if !s.Ping() {
			m.mu.Lock()
			m.answer(w, s)
			m.mu.Unlock()
		}
	}
	select {
	case <-w.done:
	case <-ctx.Done():
	}
	m.mu.Lock()
	delete(m.waits, w)
	m.mu.Unlock()
}

// answered tells everybody who waits that there is nothing more to wait for from s. m.mu is held.
func (m *Sessions) answered(s *session.Session) {
	for w := range m.waits {
		m.answer(w, s)
	}
}

func (m *Sessions) answer(w *wait, s *session.Session) {
	if _, ok := w.left[s]; !ok {
		return
	}
	if delete(w.left, s); len(w.left) == 0 {
		close(w.done)
	}
}
