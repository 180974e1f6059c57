package hub

import (
	"context"
	"log/slog"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
	"github.com/standardbeagle/brum/internal/hub/history"
	"github.com/standardbeagle/brum/internal/hub/httpconn"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
)

// Timeouts by class, unless Config says otherwise. A tool call has its caller's, a log
// follow none.
const (
	connectTimeout = 30 * time.Second // MCP handshake; a user's connect
	listTimeout    = 30 * time.Second
)

const (
	// goodbye is how long the end of a session may take to reach the instance.
	goodbye = 300 * time.Millisecond
	// settleTime is how long a new hub holds back its first answers so that they include
	// the instances that were there before it.
	settleTime = 2 * time.Second
)

// Dialer begins a session with an instance.
type Dialer func(found Found) (*session.Session, error)

// HTTPDialer begins to reach an instance over HTTP.
type HTTPDialer func(found Found) (*httpconn.Conn, error)

// Networking says how a hub reaches instances that offer a session.
type Networking uint8

const (
	NetworkingRobust Networking = iota // by it
	NetworkingHTTP                     // over HTTP, like those that offer none
)

// String is the api's word for it.
func (n Networking) String() string {
	if n == NetworkingHTTP {
		return api.NetworkingHTTP
	}
	return api.NetworkingRobust
}

// Config of a Hub; Source and Dial are required.
type Config struct {
	Source Source
	Dial   Dialer
	// DialHTTP reaches instances that offer no session; nil: those can't be reached. Networking
	// may say that it is to reach all that it can.
	DialHTTP   HTTPDialer
	Networking Networking
	// Stops remembers which instances the user disconnected; nil remembers them
	// for the life of the hub only.
	Stops *Stops
	// ConnectTimeout bounds the MCP handshake and a user's wait for a connection,
	// ListTimeout a list of tools. Default 30 s each.
	ConnectTimeout time.Duration
	ListTimeout    time.Duration
	// Checks says how often idle instances are asked whether they still work.
	Checks health.Config
	// Window is the liveness window of the sessions that Dial makes; default
	// session.DefaultWindow.
	Window time.Duration
	// Ledger records calls and readers; nil: there is none, because of LedgerError if that is
	// set. LedgerKey keys the digests in it.
	Ledger       Ledger
	LedgerPolicy LedgerPolicy // default best-effort
	LedgerError  error
	LedgerKey    []byte
	// MaxConnections bounds the instances that the hub has a connection to at a time. Default
	// limits.DefaultConnections.
	MaxConnections int
	// Memory, if above its limit, has new calls refused. nil: no limit.
	Memory *limits.Memory
	// HTTPClients and ControlClients tell what those of the hub's servers do, for status.
	HTTPClients, ControlClients func() api.Clients
	// History keeps what became of the instances; nil keeps it for the life of the hub only.
	History *history.Book
	// HTTP is the base URL that status tells.
	HTTP    string
	Version string
	Logger  *slog.Logger
}

var (
	_ api.Backend = (*Hub)(nil)
	_ api.Books   = (*Hub)(nil)
	_ Ledger      = (*ledger.Ledger)(nil)
)

// cause of everything that ends because the hub does.
var errShuttingDown = &api.Error{Code: api.CodeShuttingDown, Message: "the hub is shutting down"}

func isShutdown(ctx context.Context) bool { return context.Cause(ctx) == error(errShuttingDown) }
