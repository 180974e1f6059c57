package hub

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/httpconn"
)

// maxProgress is how many reports may wait for a caller that is slow to take them; the
// oldest are dropped, since progress only tells where a call is now.
const maxProgress = 256

// progress is the queue of one call's reports.
type progress struct {
	ready chan struct{} // capacity 1: something may be queued

	mu    sync.Mutex
	queue []api.Progress
}

func newProgress() *progress { return &progress{ready: make(chan struct{}, 1)} }

func (p *progress) put(report api.Progress) {
	p.mu.Lock()
	if len(p.queue) == maxProgress {
		p.queue = p.queue[1:]
	}
	p.queue = append(p.queue, report)
	p.mu.Unlock()
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// deliver hands on what is queued.
func (p *progress) deliver(to func(api.Progress)) {
	p.mu.Lock()
	queue := p.queue
	p.queue = nil
	p.mu.Unlock()
	for _, report := range queue {
		to(report)
	}
}

// sinks maps the progress tokens of a connection's calls to their queues.
type sinks struct {
	mu   sync.Mutex
	last uint64
	open map[string]*progress
}

func (s *sinks) add(p *progress) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	token = "hub-" + strconv.FormatUint(s.last, 10)
	if s.open == nil {
		s.open = make(map[string]*progress)
	}
	s.open[token] = p
	return token
}

func (s *sinks) remove(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, token)
}

func (s *sinks) get(token string) *progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[token]
}

// tap is a transport whose connection files progress as it is read, in order and before
// the result that follows it. (The SDK handles notifications beside results, so that the
// last reports would come after the call has returned.) It also notes which calls left, and
// when anything came.
type tap struct {
	mcp.Transport
	sinks  *sinks
	ear    *ear
	stream uint64
	leaves leaving
}

func (t *tap) Connect(ctx context.Context) (mcp.Connection, error) {
	c, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &tappedConn{Connection: c, sinks: t.sinks, ear: t.ear, stream: t.stream, leaves: t.leaves}, nil
}

type tappedConn struct {
	mcp.Connection
	sinks  *sinks
	ear    *ear
	stream uint64
	leaves leaving
}

func (c *tappedConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		msg, err := c.Connection.Read(ctx)
		if err == nil {
			c.ear.heard()
		}
		if err != nil || !c.file(msg) {
			return msg, err
		}
	}
}

// file takes msg if it is progress of one of our calls.
func (c *tappedConn) file(msg jsonrpc.Message) bool {
	req, ok := msg.(*jsonrpc.Request)
	if !ok || req.Method != "notifications/progress" {
		return false
	}
	var params struct {
		Token any `json:"progressToken"`
		api.Progress
	}
	if json.Unmarshal(req.Params, &params) != nil {
		return false
	}
	token, _ := params.Token.(string)
	if p := c.sinks.get(token); p != nil {
		params.Message = params.Message[:min(len(params.Message), api.MaxProgress)]
		p.put(params.Progress)
	}
	return true
}

func (c *tappedConn) Write(ctx context.Context, msg jsonrpc.Message) error {
	d, ok := ctx.Value(departureKey{}).(*departure)
	if !ok {
		return c.Connection.Write(ctx, msg)
	}
	note := func() { d.note(c.stream, msg) }
	if c.leaves == onTheWire {
		return c.Connection.Write(httpconn.OnSent(ctx, note), msg)
	}
	err := c.Connection.Write(ctx, msg)
	if err == nil {
		note()
	}
	return err
}
