package doctor

import (
	"context"
	"iter"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/power"
)

// Client is what a hub is asked.
type Client interface {
	Status(context.Context) (*api.Status, error)
	History(ctx context.Context, instance string) (*api.History, error)
	Events(context.Context) iter.Seq2[api.Revisions, error]
}

// Options say where to look.
type Options struct {
	Monitor      *power.Monitor
	Hub          Client // there need not be one
	Socket       string // where it is
	StateDir     string
	Token        string // path of its file
	DiscoveryDir string // "" is the default one
	HTTP         string // where a hub would listen, "" for nowhere
	Version      string // of this program
}

// Examine makes all checks, which takes a few seconds at most. It ends sooner with ctx, with what
// was found by then.
func Examine(ctx context.Context, o Options) *Report {
	// Somebody has to want it before the system says whether it would wait.
	release := o.Monitor.OnSuspend(func(context.Context) {})
	defer release()

	r := new(Report)
	r.add(versionFindings(ctx, o.Version)...)
	dir, found := discoveryFindings(ctx, o.DiscoveryDir)
	machine := settled(ctx, o.Monitor)
	r.add(powerFindings(machine)...)
	r.add(clockFindings(machine)...)
	r.add(networkFindings(machine)...)
	r.add(found...)
	if dir != "" {
		r.add(instanceFindings(ctx, dir)...)
	}
	r.add(stateFindings(o.StateDir, o.Token)...)
	found, status := socketFindings(ctx, o.Socket, o.Version, o.Hub)
	r.add(found...)
	r.add(httpFindings(ctx, o.HTTP, status)...)
	r.add(sessionFindings(status)...)
	r.add(limitFindings(limits.MaxFiles())...)
	r.add(notifyFindings(limits.Watches())...)
	r.add(usageFindings(status)...)
	return r
}
