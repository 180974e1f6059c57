package mcpsession

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

// conn is an mcp.Connection. Write, Close and SessionID may be called concurrently with
// anything, Read not with itself.
type conn struct {
	session Session
	close   func() error

	reading context.Context // ends when Close begins
	past    context.Context // has ended: to look at what is there without waiting
	arrived []jsonrpc.Message
	next    int   // of arrived, to be returned
	broken  error // what follows them, if it is an error
}

// buffers are for messages that are being sent.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBuffer is how large a buffer may be that is kept.
const maxBuffer = 64 << 10

func newConn(s Session, closeTimeout time.Duration) *conn {
	reading, stop := context.WithCancel(context.Background())
	past, cancel := context.WithCancel(context.Background())
	cancel()
	c := &conn{session: s, reading: reading, past: past}
	c.close = sync.OnceValue(func() error {
		stop()
		return endSession(s, closeTimeout)
	})
	return c
}

// SessionID is the session's id.
func (c *conn) SessionID() string { return c.session.ID().String() }

// Close implements mcp.Connection. Concurrent and later calls wait for the first and return
// the same.
func (c *conn) Close() error { return c.close() }

// endSession ends s within limit. The SDK holds a lock meanwhile.
func endSession(s Session, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := s.Close(ctx)
	_ = s.CloseNow() // after an orderly end this does nothing
	switch {
	case err == nil || errors.Is(err, session.ErrClosed):
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("mcpsession: close: the peer has not confirmed everything within %v: %w", limit, err)
	default:
		return fmt.Errorf("mcpsession: close: %w", err)
	}
}

// Write implements mcp.Connection. Its only fatal errors are those of a session that has
// ended.
func (c *conn) Write(ctx context.Context, msg jsonrpc.Message) error {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxBuffer {
			buffers.Put(buf)
		}
	}()
	data, err := encode((*buf)[:0], msg)
	if err != nil {
		return rejected(fmt.Errorf("mcpsession: encode: %w", err))
	}
	*buf = data
	if isCall(msg) {
		// Not sent yet, it can still be taken back: see the package's documentation.
		if err := c.session.WaitActive(ctx); err != nil {
			return fmt.Errorf("mcpsession: write: %w", err)
		}
	}
	err = c.session.Send(ctx, data)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, session.ErrTooLarge):
		return c.tooLarge(ctx, msg, len(data), err)
	default:
		return fmt.Errorf("mcpsession: write: %w", err)
	}
}

// tooLarge refuses a message that the peer would not take, without ending the connection. A
// caller that waits for an answer gets one.
func (c *conn) tooLarge(ctx context.Context, msg jsonrpc.Message, size int, err error) error {
	what := fmt.Errorf("mcpsession: write: %d bytes: %w", size, err)
	answer, ok := msg.(*jsonrpc.Response)
	if !ok {
		return rejected(what)
	}
	data, err := jsonrpc.EncodeMessage(&jsonrpc.Response{ID: answer.ID, Error: &jsonrpc.Error{
		Code:    jsonrpc.CodeInternalError,
		Message: fmt.Sprintf("the result has %d bytes, more than the session carries", size),
	}})
	if err != nil {
		return rejected(what)
	}
	if err := c.session.Send(ctx, data); err != nil {
		return fmt.Errorf("mcpsession: write: %w", err)
	}
	return nil
}

// Read implements mcp.Connection. It returns io.EOF after Close here or at the peer, a
// *[MalformedError] for what is no JSON-RPC, and else the session's error.
func (c *conn) Read(ctx context.Context) (jsonrpc.Message, error) {
	for c.next == len(c.arrived) {
		if err := c.fill(ctx); err != nil {
			return nil, err
		}
	}
	msg := c.arrived[c.next]
	c.arrived[c.next] = nil
	c.next++
	return msg, nil
}

// fill waits for a message. Once it has been looked at what follows, there may be none to return.
func (c *conn) fill(ctx context.Context) error {
	c.arrived, c.next = c.arrived[:0], 0
	if c.broken != nil {
		return c.broken
	}
	msg, err := c.receive(ctx)
	if err != nil {
		return err
	}
	c.arrived = append(c.arrived, msg)
	if isCall(msg) {
		c.lookAhead()
	}
	return nil
}

// receive waits for a message.
func (c *conn) receive(ctx context.Context) (jsonrpc.Message, error) {
	wait := c.reading
	if ctx.Done() != nil {
		merged, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.reading, cancel)()
		wait = merged
	}
	data, err := c.session.Receive(wait)
	switch {
	case err == nil:
		return decode(data)
	case c.reading.Err() != nil || err == io.EOF:
		return nil, io.EOF
	default:
		return nil, fmt.Errorf("mcpsession: read: %w", err)
	}
}

func isCall(msg jsonrpc.Message) bool {
	r, ok := msg.(*jsonrpc.Request)
	return ok && r.IsCall()
}
