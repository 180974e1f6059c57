package httpconn

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// mcpVersion goes with requests to instances of the newer kind.
const mcpVersion = "2025-11-25"

// maxPong bounds what is read of an answer to a ping.
const maxPong = 64 << 10

var errNoPong = errors.New("the instance answered a ping with something that is no JSON-RPC")

// probe asks the instance whether it is there. Any answer in JSON-RPC says that it is, "method
// not found" among them: not every instance knows ping.
func (c *Conn) probe(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL, strings.NewReader(`{"jsonrpc":"2.0","id":"alive","method":"ping"}`))
	if err != nil {
		return err
	}
	c.sign(req)
	resp, err := c.wire.base.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	defer resp.Body.Close()
	if err := refusalIn(resp); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxPong))
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	if !isPong(data) {
		return fmt.Errorf("ping: %w", errors.Wrap(errNoPong, errors.Error{Kind: errors.Protocol}))
	}
	return nil
}

// sign adds the headers that say who asks and what is understood.
func (c *Conn) sign(req *http.Request) {
	req.Header.Set("Content-Type", "application/json")
	if c.cfg.Token == "" {
		req.Header.Set("Accept", "application/json")
		req.Header.Set("Mcp-Session-Id", c.name) // else each request counts as a new client
		return
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("MCP-Protocol-Version", mcpVersion)
	req.Header.Set("Authorization", "Bearer "+c.cfg.Token)
}

// isPong reports whether data, as JSON or as a stream of events, is an answer.
func isPong(data []byte) bool {
	if isAnswer(data) {
		return true
	}
	for line := range bytes.Lines(data) {
		if event, ok := bytes.CutPrefix(line, []byte("data:")); ok && isAnswer(event) {
			return true
		}
	}
	return false
}

func isAnswer(data []byte) bool {
	var m struct {
		Version string          `json:"jsonrpc"`
		Result  json.RawMessage `json:"result"`
		Error   *struct {
			Code int64 `json:"code"`
		} `json:"error"`
	}
	return json.Unmarshal(data, &m) == nil && m.Version == "2.0" && (m.Result != nil || m.Error != nil)
}
