package mcpserver

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	kinds "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
)

const instructions = `This hub reaches brum instances; each runs the development processes of one project and keeps their logs.
Call instances_list first. Tools named hub_… run in one instance, which instance_id names.`

// Server is an MCP server in front of a hub.
type Server struct {
	backend api.Backend
	log     *slog.Logger
	mcp     *mcp.Server
	synced  chan struct{} // closed when the list of tools was fetched for the first time
	once    sync.Once

	fetching chan struct{} // capacity 1: held from fetching the tools until they are offered

	// offering is held while the list of tools is changed, and for reading while it is listed, so
	// that nobody sees half a change.
	offering sync.RWMutex
	offered  map[string]string // guarded by offering: definition by name, of the instances' tools
}

// New returns a server in front of b. Its list of tools is up to date while Run runs.
func New(b api.Backend, version string, log *slog.Logger) *Server {
	s := &Server{
		backend:  b,
		log:      log,
		synced:   make(chan struct{}),
		fetching: make(chan struct{}, 1),
		offered:  make(map[string]string),
	}
	s.mcp = mcp.NewServer(&mcp.Implementation{Name: "brum-hub", Title: "brum hub", Version: version}, &mcp.ServerOptions{
		Instructions: instructions,
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{ListChanged: true}},
	})
	s.mcp.AddReceivingMiddleware(s.intercept)
	s.addInstanceTools()
	return s
}

// MCP is the server that clients are connected to.
func (s *Server) MCP() *mcp.Server { return s.mcp }

// firstListWait is how long a client that asks for the tools waits for the first list.
const firstListWait = 5 * time.Second

// intercept does two things the SDK's server would not. The first tools/list waits for the
// hub's answer, since not every client asks again. And a call of an instance's tool goes to
// that instance also while the tool is not listed, as it is for a moment after the hub's
// restart: the instance knows what it has.
func (s *Server) intercept(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		switch method {
		case "tools/list":
			s.awaitTools(ctx)
			s.offering.RLock()
			defer s.offering.RUnlock()
		case "tools/call":
			if call, ok := req.(*mcp.CallToolRequest); ok {
				if tool, ok := strings.CutPrefix(call.Params.Name, prefix); ok {
					return s.run(tool)(ctx, call)
				}
			}
		}
		return next(ctx, method, req)
	}
}

func (s *Server) awaitTools(ctx context.Context) {
	timer := time.NewTimer(firstListWait)
	defer timer.Stop()
	select {
	case <-s.synced:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// refresh brings the list of tools up to date.
func (s *Server) refresh(ctx context.Context) error {
	select {
	case s.fetching <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.fetching }()
	catalog, err := s.backend.Tools(ctx)
	if err != nil {
		return err
	}
	s.offer(catalog)
	return nil
}

// Run keeps the list of tools in step with the hub until ctx is done.
func (s *Server) Run(ctx context.Context) {
	const pause = 250 * time.Millisecond
	for ctx.Err() == nil {
		err := s.follow(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(max(pause, kinds.RetryAfter(err))):
		}
	}
}

// follow fetches the tools whenever they changed, until the hub goes away or refuses, which is
// the error.
func (s *Server) follow(ctx context.Context) error {
	var seen uint64
	first := true
	for revs, err := range s.backend.Events(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				s.log.Info("the hub is away", "error", err)
			}
			return err
		}
		if !first && revs.Tools == seen {
			continue
		}
		if err := s.refresh(ctx); err != nil {
			if ctx.Err() == nil {
				s.log.Warn("no list of tools", "error", err)
			}
			return err
		}
		first, seen = false, revs.Tools
		s.once.Do(func() { close(s.synced) })
	}
	return nil
}
