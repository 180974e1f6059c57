package mcpsession

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

// Session is what a transport needs of a *session.Session, which implements it.
type Session interface {
	ID() session.ID
	// WaitActive blocks until the session has a link.
	WaitActive(ctx context.Context) error
	// Send queues a message for delivery, exactly once and in order; msg is used again when it
	// has returned. It reports session.ErrTooLarge for one that the peer would not take.
	Send(ctx context.Context, msg []byte) error
	// Receive returns the next message, also when ctx is done if one is there already; the slice
	// is the caller's to keep. It returns io.EOF when the peer has closed and everything was
	// received.
	Receive(ctx context.Context) ([]byte, error)
	// Close ends the session in an orderly way, CloseNow at once.
	Close(ctx context.Context) error
	CloseNow() error
}

var _ Session = (*session.Session)(nil)

// DefaultCloseTimeout is the default of Transport.CloseTimeout.
const DefaultCloseTimeout = 3 * time.Second

// Transport is an mcp.Transport over a session. As the SDK asks, it is for one Connect.
type Transport struct {
	// CloseTimeout is how long closing waits, at most, for the peer to confirm all that was
	// sent. The SDK blocks meanwhile. 0 means DefaultCloseTimeout.
	CloseTimeout time.Duration

	session Session
	used    atomic.Bool
}

var _ mcp.Transport = (*Transport)(nil)

var errUsed = errors.New("mcpsession: a Transport is for one Connect")

// New returns a transport over s, which it takes over: nobody else may send or receive on s,
// and it ends with the connection.
func New(s Session) *Transport { return &Transport{session: s} }

// Connect implements mcp.Transport. It does not wait for the session to have a link.
func (t *Transport) Connect(context.Context) (mcp.Connection, error) {
	if t.used.Swap(true) {
		return nil, errUsed
	}
	timeout := t.CloseTimeout
	if timeout == 0 {
		timeout = DefaultCloseTimeout
	}
	return newConn(t.session, timeout), nil
}
