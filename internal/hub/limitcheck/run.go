package limitcheck

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// Options say what to try. Zero values are the defaults of the programs.
type Options struct {
	Connections int
	Memory      int64 // the limit of the programs' memory in bytes; 0 is none
}

// patience bounds each check.
const patience = 20 * time.Second

// parts are what is tried.
type parts struct {
	acceptor func(session.AcceptorConfig) (*session.Acceptor, error)
	dial     func(session.DialFunc, session.Config) (*session.Session, error)
	requests func(max int, next http.Handler) http.Handler
	listener func(net.Listener, *slog.Logger) net.Listener
	files    func() uint64 // that the machine allows
}

func brum() parts {
	return parts{
		acceptor: func(cfg session.AcceptorConfig) (*session.Acceptor, error) { return session.NewAcceptor(&cfg) },
		dial:     func(d session.DialFunc, cfg session.Config) (*session.Session, error) { return session.Dial(d, &cfg) },
		requests: func(max int, next http.Handler) http.Handler {
			return wsconn.NewRequestLimit(max).Handler(next, nil)
		},
		listener: wsconn.Patient,
		files:    limits.MaxFiles,
	}
}

// Run makes all checks, one after the other, in a few seconds. It ends sooner with ctx, and what
// was not tried by then has failed. For a moment it lowers the number of files that this process
// may open, so nothing else should go on in it.
func Run(ctx context.Context, o Options) *Report { return run(ctx, o, brum()) }

func run(ctx context.Context, o Options, p parts) *Report {
	o.Connections = cmp.Or(o.Connections, limits.DefaultConnections)
	r := &Report{OK: true}
	for _, check := range []func(context.Context, Options, parts) Row{
		checkSessions, checkRequests, checkCycles, checkStalledReader, checkLostLink, checkFiles,
		checkMachineFiles, checkMachineMemory, checkMachineWatches,
	} {
		ctx, cancel := context.WithTimeout(ctx, patience)
		row := check(ctx, o, p)
		cancel()
		r.OK = r.OK && row.Verdict != Fail
		r.Rows = append(r.Rows, row)
	}
	return r
}
