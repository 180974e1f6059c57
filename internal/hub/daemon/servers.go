package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/hub/login"
	"github.com/standardbeagle/brum/internal/hub/mcpserver"
	"github.com/standardbeagle/brum/internal/hub/page"
	"github.com/standardbeagle/brum/internal/programlog"
	"github.com/standardbeagle/brum/wsconn"
)

// server is an HTTP server on its listeners.
type server struct {
	name      string
	http      *http.Server
	log       *slog.Logger
	listeners []net.Listener
}

// run returns nil after end, and with the first error of any listener before.
func (s *server) run() error {
	ended := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { ended <- s.http.Serve(wsconn.Patient(l, s.log)) }()
	}
	var failed error
	for range s.listeners {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) && failed == nil {
			failed = err
			s.http.Close() // and so the others
		}
	}
	return failed
}

// end lets answers that are under way go out, but not for long.
func (s *server) end() {
	const grace = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

// controlServer serves the API on the control socket.
func controlServer(h *hub.Hub, desk *login.Desk, socket *control.Socket, limits *control.ClientLimits, log *programlog.Log) *server {
	mux := http.NewServeMux()
	mux.Handle("/", control.NewHandler(h, h))
	mux.HandleFunc("POST /api/v1/login", desk.Issue)
	mux.Handle(control.PathLogLevel, control.NewLogLevelHandler(log))
	handler := limits.Handler(mux)
	if token := socket.Token(); token != "" {
		handler = control.RequireToken(token, handler)
	}
	handler = wsconn.RefuseForeign(handler, wsconn.Access{})
	return &server{"control", wsconn.NewServer(handler, &wsconn.ServerOptions{Logger: log.Logger}), log.Logger, []net.Listener{socket}}
}

// mcpIdle is how long an MCP client of the HTTP endpoint may be silent before its session
// is forgotten; it then makes a new one.
const mcpIdle = 30 * time.Minute

// webServer serves the page, the API, MCP and what Prometheus asks for over HTTP.
func webServer(h *hub.Hub, desk *login.Desk, tools *mcpserver.Server, exposition http.Handler, p parts, log *programlog.Log) *server {
	mux := http.NewServeMux()
	mux.Handle("/", page.Handler())
	mux.HandleFunc("POST /login", desk.Enter)
	mux.HandleFunc("POST /logout", desk.Leave)
	backend := p.webClients.Handler(control.NewHandler(h, h))
	mux.Handle("/api/v1/", desk.Admit(backend, control.RequireToken(p.token, backend)))
	mux.Handle("POST /api/v1/login", control.RequireToken(p.token, http.HandlerFunc(desk.Issue))) // a page makes no others
	mux.Handle(control.PathLogLevel, control.RequireToken(p.token, control.NewLogLevelHandler(log)))
	mux.Handle("/mcp", control.RequireToken(p.token, p.webClients.Handler(mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return tools.MCP() },
		&mcp.StreamableHTTPOptions{
			Logger:                       log.Logger,
			SessionTimeout:               mcpIdle,
			MaxRequestBodyBytes:          api.MaxRequest,
			PropagateRequestCancellation: true,
			DisableLocalhostProtection:   true, // RefuseForeign stands before it
		}))))
	mux.Handle("GET /metrics", control.RequireToken(p.token, exposition))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "ok\n")
	})
	handler := wsconn.RefuseForeign(mux, wsconn.Access{})
	return &server{"http", wsconn.NewServer(handler, &wsconn.ServerOptions{Logger: log.Logger}), log.Logger, p.web}
}
