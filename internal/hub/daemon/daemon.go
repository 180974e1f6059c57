package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/hub/history"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/internal/hub/login"
	"github.com/standardbeagle/brum/internal/hub/mcpserver"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/internal/programlog"
	"github.com/standardbeagle/brum/metrics"
	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/wsconn"
)

// Options of Run.
type Options struct {
	HTTP         string // host:port to listen on; "" serves no HTTP
	HTTPFallback bool   // take another port if that one is in use
	Socket       string // path of the control socket
	StateDir     string // for what outlives the hub; made if it is not there
	Ledger       hub.LedgerPolicy
	Networking   hub.Networking
	DiscoveryDir string // "" is the default one
	// MaxConnections bounds the instances that are connected, the requests over HTTP and those
	// over the control socket, each; 0 is limits.DefaultConnections.
	MaxConnections int
	Memory         *limits.Memory // above it new calls are refused; nil: no limit
	Version        string
	Log            *programlog.Log // whose level can be changed over the API
}

// TokenPath is where a hub with that state directory keeps its token.
func TokenPath(stateDir string) string { return filepath.Join(stateDir, "token") }

// Run runs a hub until ctx is done. A *control.RunningError says that there is one already,
// a *wsconn.ExposedError that HTTP would be open to other machines.
func Run(ctx context.Context, o Options) error {
	if o.HTTP != "" {
		if err := wsconn.CheckListenAddress(o.HTTP, false); err != nil {
			return err
		}
	}
	if err := control.PrivateDir(o.StateDir); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	socket, err := control.Listen(o.Socket)
	if err != nil {
		return err
	}
	defer socket.Close()
	token, err := control.LoadToken(TokenPath(o.StateDir))
	if err != nil {
		return err
	}
	web, err := listenHTTP(ctx, o)
	if err != nil {
		return err
	}
	for _, l := range web {
		defer l.Close()
	}
	monitor, err := power.New(power.WithLogger(o.Log.Logger), power.WithWho("brum-hub"))
	if err != nil {
		return err
	}
	defer monitor.Close()
	guard := brum.NewGuard(monitor)
	defer guard.Close()
	past := history.Open(ctx, HistoryPath(o.StateDir), o.Log.Logger)
	defer closeHistory(past, o.Log.Logger)
	http := newHTTPConns(monitor)
	defer http.Close()
	book, bookErr := openLedger(ctx, o)
	if book != nil {
		defer closeLedger(book, o.Log.Logger)
	}
	if bookErr != nil && o.Ledger == hub.LedgerRequire {
		return bookErr
	}
	sessions := metrics.NewSessions(nil)
	o.MaxConnections = cmp.Or(o.MaxConnections, limits.DefaultConnections)
	p := parts{token, web, monitor, guard, http, sessions, past, book, bookErr,
		control.NewClientLimits(o.MaxConnections), control.NewClientLimits(o.MaxConnections)}
	h, registry, err := newHub(o, p)
	if err != nil {
		return err
	}
	defer chronicle(past, monitor)()
	exposition := newExposition(h, sessions, metrics.Power(monitor), metrics.Discovery(registry))
	return serve(ctx, o, h, exposition, socket, p)
}

// parts are what a hub is made of.
type parts struct {
	token   string
	web     []net.Listener
	monitor *power.Monitor
	guard   *brum.Guard
	http    *httpConns
	metrics *metrics.Sessions
	past    *history.Book
	book    *ledger.Ledger // nil without one
	bookErr error          // why
	// What the clients of the two servers may do at a time.
	webClients, controlClients *control.ClientLimits
}

func newHub(o Options, p parts) (*hub.Hub, *discovery.Registry, error) {
	stops, err := hub.LoadStops(filepath.Join(o.StateDir, "disconnected.json"))
	if err != nil {
		return nil, nil, err
	}
	source, err := newSource(o.DiscoveryDir, p.monitor, o.Log.Logger)
	if err != nil {
		return nil, nil, err
	}
	cfg := hub.Config{
		Source:       source,
		Dial:         newDialer(owner(p.token, o.Socket), p.guard, p.metrics, o.Log.Logger),
		DialHTTP:     p.http.Dial,
		Networking:   o.Networking,
		Stops:        stops,
		LedgerPolicy: o.Ledger,
		LedgerError:  p.bookErr,
		LedgerKey:    derive(p.token, "brum hub ledger"),
		History:      p.past,
		HTTP:         baseURL(p.web),

		MaxConnections: o.MaxConnections,
		Memory:         o.Memory,
		HTTPClients:    p.webClients.Usage,
		ControlClients: p.controlClients.Usage,
		Version:        o.Version,
		Logger:         o.Log.Logger,
	}
	if p.book != nil { // else it would be an interface that is not nil
		cfg.Ledger = p.book
	}
	h, err := hub.New(cfg)
	return h, source.registry, err
}

// serve runs the hub and its servers. If one of them fails all end.
func serve(parent context.Context, o Options, h *hub.Hub, exposition http.Handler, socket *control.Socket, p parts) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	tools := mcpserver.New(h, o.Version, o.Log.Logger)
	desk := login.New(p.token, baseURL(p.web))
	servers := []*server{controlServer(h, desk, socket, p.controlClients, o.Log)}
	if len(p.web) > 0 {
		servers = append(servers, webServer(h, desk, tools, exposition, p, o.Log))
	}

	var running sync.WaitGroup
	for _, s := range servers {
		running.Go(func() {
			if err := s.run(); err != nil {
				cancel(err)
			}
		})
	}
	running.Go(func() { tools.Run(ctx) })
	o.Log.Logger.Info("hub ready", "socket", socket.Path(), "http", baseURL(p.web), "token", TokenPath(o.StateDir))

	running.Go(func() { cancel(h.Run(ctx)) })
	<-ctx.Done()
	h.Shutdown()
	var ending sync.WaitGroup
	for _, s := range servers {
		ending.Go(s.end)
	}
	ending.Wait()
	for s := range tools.MCP().Sessions() {
		s.Close()
	}
	running.Wait()
	o.Log.Logger.Info("hub ended")
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// listenHTTP returns none if no HTTP is wanted; see wsconn.Listen for why there can be two.
func listenHTTP(ctx context.Context, o Options) ([]net.Listener, error) {
	if o.HTTP == "" {
		return nil, nil
	}
	l, err := wsconn.Listen(ctx, o.HTTP)
	if errors.Is(err, syscall.EADDRINUSE) && o.HTTPFallback {
		host, _, _ := net.SplitHostPort(o.HTTP) // checked before
		o.Log.Logger.Warn("the HTTP port is in use, taking another", "address", o.HTTP)
		l, err = wsconn.Listen(ctx, net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("HTTP: %w (choose another address with --http, or none with --http=off)", err)
	}
	return l, nil
}

func baseURL(web []net.Listener) string {
	if len(web) == 0 {
		return ""
	}
	return "http://" + web[0].Addr().String()
}
