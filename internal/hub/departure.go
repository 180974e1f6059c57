package hub

import (
	"context"
	"errors"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/standardbeagle/brum/session"
)

// departure tells, of one call, whether its request was handed to the session, or sent.
type departure struct {
	mu     sync.Mutex
	id     jsonrpc.ID // valid once the request has left
	stream uint64     // on which it did
}

type departureKey struct{}

// leaving is when a request may have reached the instance.
type leaving uint8

const (
	onWrite   leaving = iota // once it was written: a session delivers it
	onTheWire                // when the first byte of it was sent, whether the write succeeds or not
)

// withDeparture returns a context for one call that notes when its request leaves.
func withDeparture(ctx context.Context) (context.Context, *departure) {
	d := new(departure)
	return context.WithValue(ctx, departureKey{}, d), d
}

func (d *departure) note(stream uint64, msg jsonrpc.Message) {
	if req, ok := msg.(*jsonrpc.Request); ok && req.Method == "tools/call" {
		d.mu.Lock()
		d.id, d.stream = req.ID, stream
		d.mu.Unlock()
	}
}

// arrived reports whether the instance may have got the request over the session that
// ended with err. Only a verdict of the session can rule that out once it has left.
func (d *departure) arrived(err error) bool {
	d.mu.Lock()
	id, stream := d.id, d.stream
	d.mu.Unlock()
	if !id.IsValid() {
		return false
	}
	lost, ok := errors.AsType[*session.LostError](err)
	if !ok {
		return true
	}
	for _, m := range lost.Unsettled {
		if m.Verdict != session.NotReceived || m.Stream != stream {
			continue
		}
		msg, err := jsonrpc.DecodeMessage(m.Payload)
		if err != nil {
			continue
		}
		if req, ok := msg.(*jsonrpc.Request); ok && req.ID == id {
			return false
		}
	}
	return true
}
