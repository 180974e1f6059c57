package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"

	"github.com/coder/websocket"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

const (
	mcpTool      = "echo"
	mcpStdioRole = "mcp-stdio"
)

func newMCPServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	s.AddTool(&mcp.Tool{Name: mcpTool, InputSchema: map[string]any{"type": "object"}},
		func(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			var args struct{ Text string }
			if err := json.Unmarshal(r.Params.Arguments, &args); err != nil {
				return nil, err
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: args.Text}}}, nil
		})
	return s
}

// connectMCP connects a client that speaks a version of MCP; "" is the latest that the server does.
func connectMCP(ctx context.Context, t mcp.Transport, version string) (*mcp.ClientSession, error) {
	c := mcp.NewClient(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	return c.Connect(ctx, t, &mcp.ClientSessionOptions{ProtocolVersion: version})
}

// webSocket is an MCP transport over a bare WebSocket, a message for each of MCP's.
type webSocket struct{ ws *websocket.Conn }

func (t webSocket) Connect(context.Context) (mcp.Connection, error) { return t, nil }

func (t webSocket) Read(ctx context.Context) (jsonrpc.Message, error) {
	_, msg, err := t.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	return jsonrpc.DecodeMessage(msg)
}

func (t webSocket) Write(ctx context.Context, m jsonrpc.Message) error {
	msg, err := jsonrpc.EncodeMessage(m)
	if err != nil {
		return err
	}
	return t.ws.Write(ctx, websocket.MessageText, msg)
}

func (t webSocket) Close() error      { return t.ws.CloseNow() }
func (t webSocket) SessionID() string { return "" }

func serveMCPCoder(ctx context.Context, l net.Listener) error {
	s := newMCPServer()
	return serveHTTP(ctx, l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
		if err != nil {
			return
		}
		if ss, err := s.Connect(ctx, webSocket{ws}, nil); err == nil {
			ss.Wait()
		}
	})})
}

func connectMCPCoder(ctx context.Context, addr, version string) (*mcp.ClientSession, error) {
	ws, err := dialCoder(addr)
	if err != nil {
		return nil, err
	}
	return connectMCP(ctx, webSocket{ws}, version)
}

func serveMCPBrum(ctx context.Context, l net.Listener) error {
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: benchKey}})
	if err != nil {
		return err
	}
	s := newMCPServer()
	go func() {
		for {
			one, err := acceptor.Accept(ctx)
			if err != nil {
				return
			}
			go s.Connect(ctx, mcpsession.New(one), nil)
		}
	}()
	err = serveHTTP(ctx, l, wsconn.NewServer(brum.Handler(acceptor, nil), nil))
	acceptor.Close(ctx)
	return err
}

func connectMCPBrum(ctx context.Context, addr, version string) (*mcp.ClientSession, error) {
	s, err := brum.Dial("ws://"+addr, &session.Config{Key: benchKey}, nil)
	if err != nil {
		return nil, err
	}
	return connectMCP(ctx, mcpsession.New(s), version)
}

func serveMCPHTTP(ctx context.Context, l net.Listener) error {
	s := newMCPServer()
	h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{JSONResponse: true})
	return serveHTTP(ctx, l, &http.Server{Handler: h})
}

func connectMCPHTTP(ctx context.Context, addr, version string) (*mcp.ClientSession, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = outstanding
	return connectMCP(ctx, &mcp.StreamableClientTransport{Endpoint: "http://" + addr, HTTPClient: &http.Client{Transport: t}}, version)
}

// runMCPStdio is the process at the other end of connectMCPStdio.
func runMCPStdio() error {
	return newMCPServer().Run(context.Background(), &mcp.StdioTransport{})
}

func connectMCPStdio(ctx context.Context, _, version string) (*mcp.ClientSession, error) {
	cmd, err := self("-serve", mcpStdioRole)
	if err != nil {
		return nil, err
	}
	return connectMCP(ctx, &mcp.CommandTransport{Command: cmd}, version)
}

func connectMCPMemory(ctx context.Context, _, version string) (*mcp.ClientSession, error) {
	near, far := mcp.NewInMemoryTransports()
	if _, err := newMCPServer().Connect(ctx, far, nil); err != nil {
		return nil, err
	}
	return connectMCP(ctx, near, version)
}
