package instance

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum/wsconn"
)

const sessionPath = "/session"

// endpoints are the instance's answers over HTTP:
//
//	/session  resumable sessions; the peer proves the token
//	/mcp      MCP over streamable HTTP, with the token
//	/metrics  what Prometheus asks for, with the token
//	/health   says that something is here, to anybody on this machine
//
// With legacy set, /mcp needs no token: hubs that know none speak plain JSON-RPC. The requests
// to it are limited; sessions have a limit of their own.
func endpoints(tools *mcp.Server, sessions, exposition http.Handler, token string, legacy bool, limit *wsconn.RequestLimit, logger *slog.Logger) http.Handler {
	var anonymous http.Handler
	if legacy {
		anonymous = limit.Handler(plainJSON(mcpHandler(tools, true, logger)), nil)
	}
	mux := http.NewServeMux()
	mux.Handle(sessionPath, sessions)
	mux.Handle("/mcp", requireBearer(token, limit.Handler(mcpHandler(tools, false, logger), nil), anonymous))
	mux.Handle("GET /metrics", requireBearer(token, exposition, nil))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"ok"}`+"\n")
	})
	return wsconn.RefuseForeign(mux, wsconn.Access{})
}

// mcpHandler serves MCP without sessions: no tool needs one, and there is nothing
// to bound or to lose. A request whose client is gone ends its handler where the
// protocol allows it.
func mcpHandler(tools *mcp.Server, json bool, logger *slog.Logger) http.Handler {
	return mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return tools },
		&mcp.StreamableHTTPOptions{
			Stateless: true, JSONResponse: json, Logger: logger,
			PropagateRequestCancellation: true,
			MaxRequestBodyBytes:          1 << 20,
			DisableLocalhostProtection:   true, // RefuseForeign stands before it
		})
}

// plainJSON makes requests of clients that accept only JSON acceptable to the
// SDK, which answers with JSON here but asks for both.
func plainJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Accept", "application/json, text/event-stream")
		next.ServeHTTP(w, r)
	})
}
