package httpconn

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

type dialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// Config of a Conn; URL is required.
type Config struct {
	URL string // where the instance takes requests
	// Token is sent with each request. Without one the instance is taken for an existing brummer.
	Token string
	// Life tells processes of the instance apart, in the cursors of its logs: it must have no dot.
	Life string
	// DialContext opens TCP connections; default that of net.Dialer.
	DialContext dialContext
	// Interval lies between two checks of an instance that answers, default 10 s. Timeout is how
	// long one may take, default 5 s; after three in a row that took longer it is away.
	Interval, Timeout time.Duration
	Logger            *slog.Logger
}

// Defaults of Config.
const (
	defaultInterval = 10 * time.Second
	defaultTimeout  = 5 * time.Second
)

// Conn is the way to an instance over HTTP. It lives through outages, until Close. Its methods
// may be called concurrently.
type Conn struct {
	cfg  Config
	kept int    // lines that an existing brummer keeps
	name string // of this hub's connection, for instances that count their clients
	wire *wire

	life context.Context
	end  context.CancelFunc
	done chan struct{}
	news chan news // capacity 1: why to check at once

	mu sync.Mutex
	// guards following
	stats   session.Stats
	lostAt  time.Time // when the instance was last heard of before this outage
	lostWhy session.Trigger
	changed chan struct{} // closed and replaced at each change of state
	watcher map[chan session.Change]struct{}
}

// news is a reason to check at once.
type news struct {
	trigger session.Trigger
	err     error // what a request failed with
}

// Dial begins to reach the instance; it does not wait until it has.
func Dial(cfg Config) (*Conn, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.Wrap(fmt.Errorf("%q is no URL to reach an instance at", cfg.URL), errors.Error{Kind: errors.Invalid})
	}
	cfg.Interval = cmp.Or(cfg.Interval, defaultInterval)
	cfg.Timeout = cmp.Or(cfg.Timeout, defaultTimeout)
	if cfg.DialContext == nil {
		cfg.DialContext = new(net.Dialer).DialContext
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	now := time.Now()
	c := &Conn{
		cfg:     cfg,
		kept:    logKept,
		name:    "brum-hub-" + rand.Text()[:12],
		done:    make(chan struct{}),
		news:    make(chan news, 1),
		stats:   session.Stats{State: session.Connecting, Since: now, Began: now},
		changed: make(chan struct{}),
		watcher: make(map[chan session.Change]struct{}),
	}
	c.wire = newWire(cfg.DialContext, cfg.Token)
	c.wire.heard, c.wire.broken = c.heard, c.broken
	c.life, c.end = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// Legacy reports whether the instance is taken for an existing brummer.
func (c *Conn) Legacy() bool { return c.cfg.Token == "" }

// Transport is for one MCP client. Requests over it are bounded by their contexts only.
func (c *Conn) Transport() mcp.Transport {
	if c.Legacy() {
		return &legacyTransport{c}
	}
	return &mcp.StreamableClientTransport{
		Endpoint:   c.cfg.URL,
		HTTPClient: c.wire.client(),
		MaxRetries: -1, // of a stream that breaks: an instance keeps nothing that could go on
		// Instances offer none, and one that breaks would take the calls with it.
		DisableStandaloneSSE: true,
	}
}

// ID implements the hub's view of a session: there is none.
func (c *Conn) ID() session.ID { return session.ID{} }

// State returns how the instance is doing, as far as checks can tell.
func (c *Conn) State() session.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats.State
}

// Stats returns a snapshot. What only sessions have is zero.
func (c *Conn) Stats() session.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	if s.LastResume != nil {
		last := *s.LastResume
		s.LastResume = &last
	}
	return s
}

// WaitActive blocks until the instance answers, or returns why it never will.
func (c *Conn) WaitActive(ctx context.Context) error {
	for {
		c.mu.Lock()
		state, changed := c.stats.State, c.changed
		c.mu.Unlock()
		switch {
		case state == session.Closed:
			return session.ErrClosed
		case state.Linked():
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Nudge says that now is a good time to look.
func (c *Conn) Nudge(why session.Trigger) { c.tell(news{trigger: why}) }

// tell hands news to run; those it has not read yet say enough.
func (c *Conn) tell(n news) {
	select {
	case c.news <- n:
	default:
	}
}

// Done is closed when the Conn has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err tells why it has ended; nil before.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return session.ErrClosed
	default:
		return nil
	}
}

// Close is CloseNow: there is nobody to say goodbye to.
func (c *Conn) Close(context.Context) error { return c.CloseNow() }

// CloseNow ends the Conn and makes all requests fail.
func (c *Conn) CloseNow() error {
	c.end()
	c.wire.close(session.ErrClosed)
	<-c.done
	return nil
}
