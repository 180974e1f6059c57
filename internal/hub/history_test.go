package hub

import (
	"testing"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestHistoryKeepsTheLatest(t *testing.T) {
	var h history
	for n := range uint64(3*historySize + 7) {
		h.add(api.Change{Epoch: n})
		list := h.list()
		kept := min(n+1, historySize)
		if uint64(len(list)) != kept || h.dropped != n+1-kept {
			t.Fatalf("after %d: %d kept, %d dropped", n+1, len(list), h.dropped)
		}
		for i, c := range list {
			if c.Epoch != n+1-kept+uint64(i) {
				t.Fatalf("after %d: number %d is %d", n+1, i, c.Epoch)
			}
		}
	}
}
