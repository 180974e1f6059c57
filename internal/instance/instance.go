package instance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/internal/instance/calls"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/internal/process"
	"github.com/standardbeagle/brum/metrics"
	"github.com/standardbeagle/brum/power"
)

// Config of an Instance. Zero values mean defaults, unless said otherwise.
type Config struct {
	Name         string // default: the directory's
	Dir          string // of the project; default: the current directory
	Host         string // to listen on; default 127.0.0.1
	Port         int    // first to try, up to LastPort; 0: any
	Scripts      []string
	Command      []string // besides scripts; empty: none
	Restart      process.RestartPolicy
	LogBuffer    int64         // bytes; see logstore.New
	StopGrace    time.Duration // see process.Config
	DiscoveryDir string        // see discovery.Dir
	AllowLegacy  bool          // /mcp without a token
	// MaxConnections bounds the sessions that are kept and, apart from them, the requests over
	// HTTP that are under way; default limits.DefaultConnections.
	MaxConnections int
	Memory         *limits.Memory // above it new sessions are refused; nil: no limit
	Version        string
	Logger         *slog.Logger // default: none
	Output         io.Writer    // gets the processes' output; nil: nobody does
}

// Instance is one brum-instance. Create it with New and Run it once.
type Instance struct {
	cfg       Config
	id        string // in discovery
	started   time.Time
	logger    *slog.Logger
	logs      *logstore.Store
	processes *process.Manager
	tools     *Tools
	server    *mcp.Server
	done      chan struct{} // closed when waiting calls have to end
}

// New checks cfg and returns an Instance that does nothing yet.
func New(cfg Config) (*Instance, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("directory %q: %w", cfg.Dir, err)
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", dir)
	}
	cfg.Dir = dir
	cfg.Name = cmp.Or(cfg.Name, filepath.Base(dir))
	cfg.Host = cmp.Or(cfg.Host, "127.0.0.1")
	cfg.MaxConnections = cmp.Or(cfg.MaxConnections, limits.DefaultConnections)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	in := &Instance{
		cfg: cfg, id: discovery.NewID(cfg.Name), started: time.Now(),
		logger: cfg.Logger, logs: logstore.New(cfg.LogBuffer), done: make(chan struct{}),
	}
	in.processes = process.New(process.Config{Logs: in.logs, Grace: cfg.StopGrace, Logger: cfg.Logger})
	in.tools = &Tools{
		Project:   &Project{Dir: dir, Command: cfg.Command, Restart: cfg.Restart},
		Processes: in.processes, Logs: in.logs, Calls: calls.New(calls.DefaultLimits), Version: cfg.Version, Done: in.done,
	}
	in.server = in.tools.Server()
	return in, nil
}

// Run serves until ctx is done, then stops everything and returns nil, at most a
// second and the grace later. It returns early with an error if it cannot listen,
// something that was to be run cannot be, or the reader of Config.Output has gone away.
func (in *Instance) Run(ctx context.Context) error {
	defer in.processes.Close()
	monitor, err := power.New(power.WithLogger(in.logger), power.WithWho("brum-instance"))
	if err != nil {
		return err
	}
	defer monitor.Close()
	guard := brum.NewGuard(monitor)
	defer guard.Close()
	srv, err := in.serve(ctx, guard, metrics.Power(monitor))
	if err != nil {
		return err
	}
	defer srv.shutdown()
	defer in.tools.Calls.Close()
	defer close(in.done)

	unread, stopEcho := in.startEcho()
	defer stopEcho()
	defer in.processes.Close()

	if err := in.startAll(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var announcing sync.WaitGroup
	defer announcing.Wait()
	defer cancel()
	announcing.Go(func() { in.announce(ctx, srv) })
	select {
	case <-ctx.Done():
		in.logger.Info("stopping", "cause", context.Cause(ctx))
		return nil
	case err := <-srv.failed:
		return fmt.Errorf("serve: %w", err)
	case err := <-unread:
		in.logger.Info("stopping", "cause", err)
		return fmt.Errorf("nobody reads the output any more: %w", err)
	}
}

// Kill ends the processes without grace. A Run that is stopping goes on at once.
func (in *Instance) Kill() { in.processes.Kill() }

// startAll starts what the command line names.
func (in *Instance) startAll() error {
	names := in.cfg.Scripts
	if name := in.tools.Project.CommandName(); name != "" {
		names = append(names[:len(names):len(names)], name)
	}
	for _, name := range names {
		spec, err := in.tools.Project.Spec(name)
		if err != nil {
			return err
		}
		if _, err := in.processes.Start(spec); err != nil {
			return err
		}
	}
	return nil
}

// startEcho copies the processes' output to Config.Output until stop is called. A
// terminal that takes nothing holds up nobody for long. unread gets the error if the
// output's reader has gone away.
func (in *Instance) startEcho() (unread <-chan error, stop func()) {
	if in.cfg.Output == nil {
		return nil, func() {}
	}
	const patience = 250 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	printed := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(printed)
		switch err := echo(ctx, in.logs, in.cfg.Output); {
		case err == nil:
		case errors.Is(err, syscall.EPIPE):
			failed <- err
		default:
			in.logger.Warn("the processes' output is not printed any more", "error", err)
		}
	}()
	return failed, func() {
		cancel()
		select {
		case <-printed:
		case <-time.After(patience):
		}
	}
}
