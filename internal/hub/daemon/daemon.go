package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/internal/hub/mcpserver"
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
	Version      string
	Logger       *slog.Logger
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
	monitor, err := power.New(power.WithLogger(o.Logger), power.WithWho("brum-hub"))
	if err != nil {
		return err
	}
	defer monitor.Close()
	guard := brum.NewGuard(monitor)
	defer guard.Close()
	http := newHTTPConns(monitor)
	defer http.Close()
	book, bookErr := openLedger(o)
	if book != nil {
		defer closeLedger(book, o.Logger)
	}
	if bookErr != nil && o.Ledger == hub.LedgerRequire {
		return bookErr
	}
	h, err := newHub(o, parts{token, web, monitor, guard, http, book, bookErr})
	if err != nil {
		return err
	}
	return serve(ctx, o, h, socket, web, token)
}

// parts are what a hub is made of.
type parts struct {
	token   string
	web     []net.Listener
	monitor *power.Monitor
	guard   *brum.Guard
	http    *httpConns
	book    *ledger.Ledger // nil without one
	bookErr error          // why
}

func newHub(o Options, p parts) (*hub.Hub, error) {
	stops, err := hub.LoadStops(filepath.Join(o.StateDir, "disconnected.json"))
	if err != nil {
		return nil, err
	}
	source, err := newSource(o.DiscoveryDir, p.monitor, o.Logger)
	if err != nil {
		return nil, err
	}
	cfg := hub.Config{
		Source:       source,
		Dial:         newDialer(owner(p.token, o.Socket), p.guard, o.Logger),
		DialHTTP:     p.http.Dial,
		Networking:   o.Networking,
		Stops:        stops,
		LedgerPolicy: o.Ledger,
		LedgerError:  p.bookErr,
		LedgerKey:    derive(p.token, "brum hub ledger"),
		HTTP:         baseURL(p.web),
		Version:      o.Version,
		Logger:       o.Logger,
	}
	if p.book != nil { // else it would be an interface that is not nil
		cfg.Ledger = p.book
	}
	return hub.New(cfg)
}

// serve runs the hub and its servers. If one of them fails all end.
func serve(parent context.Context, o Options, h *hub.Hub, socket *control.Socket, web []net.Listener, token string) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	tools := mcpserver.New(h, o.Version, o.Logger)
	servers := []*server{controlServer(h, socket, o.Logger)}
	if len(web) > 0 {
		servers = append(servers, webServer(h, tools, web, token, o.Logger))
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
	o.Logger.Info("hub ready", "socket", socket.Path(), "http", baseURL(web), "token", TokenPath(o.StateDir))

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
	o.Logger.Info("hub ended")
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
		o.Logger.Warn("the HTTP port is in use, taking another", "address", o.HTTP)
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
