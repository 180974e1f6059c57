package hub

import "github.com/standardbeagle/brum/internal/hub/api"

// historySize is how many changes of state are remembered per instance.
const historySize = 256

// history keeps the latest changes of one instance.
type history struct {
	changes []api.Change // a ring once it is full
	start   int
	dropped uint64
}

func (h *history) add(c api.Change) {
	if len(h.changes) < historySize {
		h.changes = append(h.changes, c)
		return
	}
	h.changes[h.start] = c
	h.start = (h.start + 1) % historySize
	h.dropped++
}

// list returns a copy, oldest first.
func (h *history) list() []api.Change {
	out := make([]api.Change, 0, len(h.changes))
	out = append(out, h.changes[h.start:]...)
	return append(out, h.changes[:h.start]...)
}
