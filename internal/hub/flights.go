package hub

import (
	"context"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// flights are the calls under way whose ids their callers chose: a second one of the same
// id waits for the first.
type flights struct {
	mu    sync.Mutex
	calls map[callid.ID]*flight
}

type flight struct {
	req    api.CallRequest
	done   chan struct{} // closed when the following is set
	result *mcp.CallToolResult
	err    error
}

// wait returns what the call returns.
func (f *flight) wait(ctx context.Context) (*mcp.CallToolResult, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, contextError(ctx, "an earlier call of the same id goes on")
	}
	if f.err != nil {
		return nil, f.err
	}
	res := *f.result // each caller may add to its own
	return &res, nil
}

// begin returns the call of that id that is under way, or else begins this one, which is mine.
func (s *flights) begin(id callid.ID, req api.CallRequest) (f *flight, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.calls[id]; f != nil {
		return f, false
	}
	f = &flight{req: req, done: make(chan struct{})}
	s.calls[id] = f
	return f, true
}

func (s *flights) end(id callid.ID, f *flight) {
	s.mu.Lock()
	delete(s.calls, id)
	s.mu.Unlock()
	close(f.done)
}
