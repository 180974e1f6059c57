package httpconn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxAnswer bounds an existing brummer's answer. It keeps 10 000 lines of output and sends
// pictures.
const maxAnswer = 64 << 20

// legacyTransport lets an MCP client speak to an existing brummer, which
//
//   - answers each POST with one JSON document, whatever type it says that is;
//   - answers what it does not know, notifications too, with "method not found";
//   - returns from tools/call what the tool returned, instead of a CallToolResult, and leaves
//     out a result that is null;
//   - goes on with a call whose request is given up.
type legacyTransport struct{ conn *Conn }

// Connect implements mcp.Transport.
func (t *legacyTransport) Connect(context.Context) (mcp.Connection, error) {
	return &legacyConn{
		conn: t.conn, client: t.conn.wire.client(),
		incoming: make(chan jsonrpc.Message, 16), closed: make(chan struct{}),
	}, nil
}

type legacyConn struct {
	conn     *Conn
	client   *http.Client
	incoming chan jsonrpc.Message
	closed   chan struct{}
	once     sync.Once
}

// Read implements mcp.Connection.
func (l *legacyConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	select {
	case msg := <-l.incoming:
		return msg, nil
	case <-l.closed:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements mcp.Connection. It returns when there is an answer to give to Read, which
// also tells failures: an error from here would end the connection for all calls.
func (l *legacyConn) Write(ctx context.Context, msg jsonrpc.Message) error {
	req, ok := msg.(*jsonrpc.Request)
	if !ok || !req.IsCall() {
		return nil // it has no use for notifications
	}
	result, err := l.answer(ctx, req)
	select {
	case l.incoming <- &jsonrpc.Response{ID: req.ID, Result: result, Error: err}:
	case <-l.closed:
	}
	return nil
}

// Close implements mcp.Connection.
func (l *legacyConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// SessionID implements mcp.Connection.
func (l *legacyConn) SessionID() string { return "" }

func (l *legacyConn) answer(ctx context.Context, req *jsonrpc.Request) (json.RawMessage, error) {
	switch req.Method {
	case "tools/call":
		return l.callTool(ctx, req.Params)
	case "tools/list":
		raw, err := l.ask(ctx, req.Method, req.Params)
		if err != nil {
			return nil, err
		}
		return legacyTools(raw)
	case "ping":
		_, err := l.ask(ctx, req.Method, req.Params)
		if refusal, ok := errors.AsType[*jsonrpc.Error](err); ok && refusal.Code == jsonrpc.CodeMethodNotFound {
			err = nil
		}
		return json.RawMessage(`{}`), err
	}
	return l.ask(ctx, req.Method, req.Params)
}

func (l *legacyConn) callTool(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	var params struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: err.Error()}
	}
	if q, ok := logQueryFrom(params.Name, params.Arguments); ok {
		page, err := l.readLog(ctx, q)
		return legacyResult(page, err)
	}
	raw, err := json.Marshal(params) // without what it does not know
	if err != nil {
		return nil, err
	}
	return legacyResult(l.ask(ctx, "tools/call", raw))
}

// ask makes one request. A *jsonrpc.Error is the instance's own.
func (l *legacyConn) ask(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	data, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.conn.cfg.URL, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	l.conn.sign(req)
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%s: the answer broke off: %w", method, err)
	}
	if len(data) > maxAnswer {
		return nil, fmt.Errorf("%s: the answer is longer than %d bytes", method, maxAnswer)
	}
	return legacyAnswer(method, data)
}

// legacyAnswer takes an answer apart.
func legacyAnswer(method string, data []byte) (json.RawMessage, error) {
	var answer struct {
		Version string          `json:"jsonrpc"`
		Result  json.RawMessage `json:"result"`
		Error   *struct {
			Code    int64           `json:"code"`
			Message string          `json:"message"`
			Data    json.RawMessage `json:"data"`
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("%s: the answer is not understood: %w", method, err)
	}
	switch {
	case answer.Version != "2.0":
		return nil, fmt.Errorf("%s: the answer is no JSON-RPC", method)
	case answer.Error != nil:
		e := &jsonrpc.Error{Code: answer.Error.Code, Message: answer.Error.Message, Data: answer.Error.Data}
		var more string
		if json.Unmarshal(answer.Error.Data, &more) == nil && more != "" {
			e.Message += ": " + more
		}
		return nil, e
	case answer.Result == nil:
		return json.RawMessage("null"), nil
	}
	return answer.Result, nil
}
