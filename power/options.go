package power

import (
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

const (
	defaultSuspendTimeout = 5 * time.Second
	defaultDebounce       = 500 * time.Millisecond
	defaultPoll           = 5 * time.Second
	minPoll               = 100 * time.Millisecond
)

// options are what New was asked for.
type options struct {
	who         string
	noInhibitor bool
	suspend     time.Duration
	debounce    time.Duration
	poll        time.Duration
	keep        func(name string) bool
	log         *slog.Logger
	system      *system.System
}

// newOptions applies opts to the defaults.
func newOptions(opts []Option) (options, error) {
	o := options{
		who:      filepath.Base(os.Args[0]),
		suspend:  defaultSuspendTimeout,
		debounce: defaultDebounce,
		poll:     defaultPoll,
		log:      slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

// Option changes how a Monitor works.
type Option func(*options) error

// WithWho is the name under which the system lists who delays its sleep. By default it is the
// name of the program.
func WithWho(name string) Option {
	return func(o *options) error {
		if name == "" {
			return bad("WithWho: the name is empty")
		}
		o.who = name
		return nil
	}
}

// WithoutInhibitor never delays the system's sleep. OnSuspend hooks are run nevertheless, with
// no promise that they end before the machine sleeps.
func WithoutInhibitor() Option {
	return func(o *options) error { o.noInhibitor = true; return nil }
}

// WithSuspendTimeout bounds how long OnSuspend hooks may take; 5 s by default. Systems have
// bounds of their own, and the lower one counts.
func WithSuspendTimeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return bad("WithSuspendTimeout: %v is not positive", d)
		}
		o.suspend = d
		return nil
	}
}

// WithDebounce is how long changes of networks are gathered after one was reported at once;
// half a second by default. 0 reports each.
func WithDebounce(d time.Duration) Option {
	return func(o *options) error {
		if d < 0 {
			return bad("WithDebounce: %v is negative", d)
		}
		o.debounce = d
		return nil
	}
}

// WithPollInterval is how often clocks and interfaces are looked at where the system does not
// tell of changes itself; 5 s by default, at least 100 ms.
func WithPollInterval(d time.Duration) Option {
	return func(o *options) error {
		if d < minPoll {
			return bad("WithPollInterval: %v is below %v", d, minPoll)
		}
		o.poll = d
		return nil
	}
}

// WithInterfaceFilter ignores interfaces that keep returns false for, beyond those that are
// ignored anyway. It is called often and from one goroutine at a time.
func WithInterfaceFilter(keep func(name string) bool) Option {
	return func(o *options) error {
		if keep == nil {
			return bad("WithInterfaceFilter: the filter is nil")
		}
		o.keep = keep
		return nil
	}
}

// WithLogger tells of backends that fail and come back, at level Info, and of events, at Debug.
// By default nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) error {
		if l == nil {
			return bad("WithLogger: the logger is nil")
		}
		o.log = l
		return nil
	}
}

// WithSystem replaces the machine. Package powertest uses it; its argument can't be made outside
// of package power and what is below it.
func WithSystem(s system.System) Option {
	return func(o *options) error {
		if s.Clock.Read == nil || s.Network == nil {
			return bad("WithSystem: it has no clock or no network")
		}
		o.system = &s
		return nil
	}
}
