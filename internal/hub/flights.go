package hub

import (
	"context"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
)

// flights are the calls under way whose ids their callers chose: a second one of the same
// id waits for the first.
type flights struct {
	mu    sync.Mutex
	calls map[callid.ID]*flight
}

type flight struct {
	done   chan struct{} // closed when the following is set
	result *mcp.CallToolResult
	err    error
}

// do calls f, unless a call of that id is under way: then it returns what that returns.
func (s *flights) do(ctx context.Context, id callid.ID, f func() (*mcp.CallToolResult, error)) (*mcp.CallToolResult, error) {
	first, mine := s.begin(id)
	if mine {
		first.result, first.err = f()
		s.end(id, first)
		return first.result, first.err
	}
	select {
	case <-first.done:
	case <-ctx.Done():
		return nil, contextError(ctx, "an earlier call of the same id goes on")
	}
	if first.err != nil {
		return nil, first.err
	}
	res := *first.result // each caller may add to its own
	return &res, nil
}

func (s *flights) begin(id callid.ID) (f *flight, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.calls[id]; f != nil {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	s.calls[id] = f
	return f, true
}

func (s *flights) end(id callid.ID, f *flight) {
	s.mu.Lock()
	delete(s.calls, id)
	s.mu.Unlock()
	close(f.done)
}
