package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/mcpsession"
)

// mcpVersion is the newest protocol whose notifications need no request of their own to
// flow, which suits a connection that lives as long as both programs. Over HTTP it is the
// newest in which a connection that breaks does not end the call.
const mcpVersion = "2025-11-25"

// Bounds of what an instance may offer.
const (
	maxTools     = 1000
	maxToolBytes = 256 << 10 // a tool's definition
)

// client is an MCP client on one session.
type client struct {
	session way
	life    string // of the instance
	main    *lane
	logs    atomic.Pointer[lane] // for what is bulky; nil until it is open
	give    context.CancelFunc   // gives up opening it, or polling
	stale   chan struct{}        // capacity 1: the list of tools has changed
	done    chan struct{}        // closed when the MCP connection has ended
	err     error                // why; set before done is closed
	waiting sync.WaitGroup
	list    time.Duration // timeout of a list
	log     *slog.Logger

	mu sync.Mutex
	// guards following
	tools []*mcp.Tool
	reads map[string]bool // tools that only read, for sure
	asks  bool            // the instance tells outcomes
}

func newClient(ctx context.Context, cfg *Config, sess way, life string, log *slog.Logger) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout)
	defer cancel()
	c := &client{
		session: sess,
		life:    life,
		stale:   make(chan struct{}, 1),
		done:    make(chan struct{}),
		list:    cfg.ListTimeout,
		log:     log,
	}
	impl := &mcp.Implementation{Name: "brum-hub", Version: cfg.Version}
	mc := mcp.NewClient(impl, mcpsession.ClientOptions(&mcp.ClientOptions{
		Capabilities:           &mcp.ClientCapabilities{},
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { c.outdated() },
	}))
	var err error
	if c.main, err = connect(ctx, mc, sess.transport(), 0, sess); err != nil {
		return nil, err
	}
	c.waiting.Go(func() {
		defer close(c.done)
		c.err = c.main.mcp.Wait()
	})
	if c.overHTTP() {
		polling, give := context.WithCancel(context.Background())
		c.give = give
		c.waiting.Go(func() { c.poll(polling) })
		return c, nil
	}
	opening, give := context.WithTimeout(context.Background(), cfg.ConnectTimeout)
	c.give = give
	c.waiting.Go(func() {
		defer give()
		plain := mcp.NewClient(impl, mcpsession.ClientOptions(&mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}}))
		l, err := openLogLane(opening, plain, sess)
		if err != nil {
			log.Debug("no lane for logs", "error", err)
			return
		}
		c.logs.Store(l)
		l.mcp.Wait()
		c.logs.Store(nil)
	})
	return c, nil
}

// close ends the MCP connection, and with it the session.
func (c *client) close() {
	c.give()
	endSession(c.session)
	c.main.mcp.Close()
	c.waiting.Wait()
}

// refresh asks for the list of tools, and reports whether it is another one.
func (c *client) refresh(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.list)
	defer cancel()
	var tools []*mcp.Tool
	for tool, err := range c.main.mcp.Tools(ctx, nil) {
		if err != nil {
			return false, err
		}
		if len(tools) == maxTools {
			c.log.Warn("the instance has too many tools: the rest is left out", "limit", maxTools)
			break
		}
		if err := checkTool(tool); err != nil {
			c.log.Warn("a tool is left out", "error", err)
			continue
		}
		tools = append(tools, tool)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	changed = !sameJSON(c.tools, tools)
	c.tools, c.reads, c.asks = tools, make(map[string]bool), false
	for _, t := range tools {
		switch {
		case t.Name == callid.OutcomeTool:
			c.asks = true
		case isOurReader(t.Name) && t.Annotations != nil && t.Annotations.ReadOnlyHint:
			c.reads[t.Name] = true
		}
	}
	return changed, nil
}

// isOurReader tells the tools of brum-instance that change nothing.
func isOurReader(tool string) bool {
	switch tool {
	case "scripts_list", "scripts_status", "logs_stream", "logs_search":
		return true
	}
	return false
}

// onlyReads reports whether a call of tool need not be recorded: one can't know what a tool
// does, except for a few of our own.
func (c *client) onlyReads(req *api.CallRequest) bool {
	if c.session.onlyReads(req.Tool, req.Arguments) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads[req.Tool]
}

// tellsOutcomes reports whether the instance knows calls by their ids.
func (c *client) tellsOutcomes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asks
}

func (c *client) overHTTP() bool {
	_, http := c.session.(httpWay)
	return http
}

// cancelsByID reports whether a call is cancelled by its id only.
func (c *client) cancelsByID() bool {
	return c.overHTTP() && c.tellsOutcomes()
}

// cancelsNothing reports whether a call can't be cancelled.
func (c *client) cancelsNothing() bool {
	return c.overHTTP() && !c.tellsOutcomes()
}

// checkTool refuses what no program of good will sends.
func checkTool(tool *mcp.Tool) error {
	if tool == nil {
		return errors.New("a tool is null")
	}
	data, err := json.Marshal(tool)
	if err != nil {
		return fmt.Errorf("tool %.100q: %w", tool.Name, err)
	}
	if len(data) > maxToolBytes {
		return fmt.Errorf("tool %.100q: its definition has %d bytes, at most %d are allowed", tool.Name, len(data), maxToolBytes)
	}
	return nil
}

func (c *client) offered() []*mcp.Tool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tools
}

// call runs a tool, as the call that m names if that has an id. The departure tells about the
// request when there is an error.
func (c *client) call(ctx context.Context, req api.CallRequest, m callid.Meta, to func(api.Progress)) (*mcp.CallToolResult, *departure, error) {
	ctx, left := withDeparture(ctx)
	lane := c.laneFor(req.Tool)
	params := &mcp.CallToolParams{Name: req.Tool, Arguments: req.Arguments, Meta: mcp.Meta{}}
	if m.ID != "" {
		m.Put(params.Meta)
	}
	run := func() (*mcp.CallToolResult, error) { return lane.mcp.CallTool(ctx, params) }
	if h, ok := c.session.(httpWay); ok && !h.Legacy() {
		run = func() (*mcp.CallToolResult, error) { return c.attended(ctx, lane, params, m) }
	}
	if to == nil || !req.WantProgress {
		res, err := run()
		return res, left, err
	}

	p := newProgress()
	token := lane.sinks.add(p)
	defer lane.sinks.remove(token)
	params.SetProgressToken(token)
	var res *mcp.CallToolResult
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		res, err = run()
	}()
	for {
		select {
		case <-p.ready:
			p.deliver(to)
		case <-done:
			p.deliver(to)
			return res, left, err
		}
	}
}

// sessionEnd waits a moment for the session to say why it ended, after a call failed.
func (c *client) sessionEnd() error {
	const moment = 100 * time.Millisecond
	select {
	case <-c.session.Done():
		return c.session.Err()
	case <-time.After(moment):
		return nil
	}
}
