package mcpsession

import (
	"encoding/json"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// So much is looked at beyond a call that has arrived.
const (
	maxAheadMessages = 256
	maxAheadBytes    = 1 << 20
)

// lookAhead takes what has arrived behind a call, and forgets calls that were withdrawn
// before anybody could execute them. After an outage a call and its cancellation arrive in
// the same moment; given to the SDK one after the other, the call would be executed.
func (c *conn) lookAhead() {
	for size := 0; len(c.arrived) < maxAheadMessages && size < maxAheadBytes; {
		data, err := c.session.Receive(c.past)
		if err != nil {
			return // nothing is there now; if it was the end, the next Read will see it
		}
		size += len(data)
		msg, err := decode(data)
		if err != nil {
			c.broken = err
			return
		}
		if id, ok := withdrawn(msg); ok && c.forget(id) {
			continue
		}
		c.arrived = append(c.arrived, msg)
	}
}

// forget removes the call of that id and reports whether it was there.
func (c *conn) forget(id jsonrpc.ID) bool {
	i := slices.IndexFunc(c.arrived, func(msg jsonrpc.Message) bool {
		r, ok := msg.(*jsonrpc.Request)
		return ok && r.IsCall() && r.ID == id
	})
	if i < 0 {
		return false
	}
	c.arrived = slices.Delete(c.arrived, i, i+1)
	return true
}

// withdrawn returns which call msg cancels, if it does.
func withdrawn(msg jsonrpc.Message) (jsonrpc.ID, bool) {
	r, ok := msg.(*jsonrpc.Request)
	if !ok || r.IsCall() || r.Method != "notifications/cancelled" {
		return jsonrpc.ID{}, false
	}
	var params struct {
		RequestID any `json:"requestId"`
	}
	if json.Unmarshal(r.Params, &params) != nil {
		return jsonrpc.ID{}, false
	}
	id, err := jsonrpc.MakeID(params.RequestID)
	return id, err == nil && id.IsValid()
}
