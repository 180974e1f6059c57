package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Keeper waits for a hub, and starts one when nobody else does.
type Keeper struct {
	reachable func(context.Context) bool
	start     func() (*exec.Cmd, error) // nil: never start one
	log       *slog.Logger

	mu sync.Mutex
	// guards following
	seen     bool      // there has been a hub
	missing  time.Time // since when there is none; zero while there is
	child    bool      // one that was started here lives, as far as is known
	earliest time.Time // when the next may be started
	failed   error     // how the last one ended
}

const (
	poll = 50 * time.Millisecond
	// patience is how long a hub that was there is given to be restarted by whoever looks
	// after it. Where there never was one, nobody does.
	patience = 3 * time.Second
	// startPause lies between two starts; the loser of a race finds the winner's hub.
	startPause = time.Second
	// awaitTimeout bounds the wait for a hub; it is the connect class.
	awaitTimeout = 30 * time.Second
)

// NewKeeper returns a Keeper. reachable tells whether a hub answers; start starts one in
// the background, or is nil if that is not wanted.
func NewKeeper(reachable func(context.Context) bool, start func() (*exec.Cmd, error), log *slog.Logger) *Keeper {
	return &Keeper{reachable: reachable, start: start, log: log}
}

// Seen says that there is a hub.
func (k *Keeper) Seen() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen, k.missing, k.failed = true, time.Time{}, nil
}

// Await returns when there is a hub, or with an error that says why there is none.
func (k *Keeper) Await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, awaitTimeout)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if k.reachable(ctx) {
			k.Seen()
			return nil
		}
		if ctx.Err() == nil {
			k.startIfDue(time.Now())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return k.gaveUp(ctx)
		}
	}
}

func (k *Keeper) gaveUp(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &api.Error{Code: api.CodeCanceled, Message: "canceled: no hub is running", Err: ctx.Err()}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	e := &api.Error{Code: api.CodeNoHub, Message: "no hub is running: start one with brum-hub serve", Err: ctx.Err()}
	if k.failed != nil {
		e.Message, e.Err = fmt.Sprintf("no hub is running and starting one failed (%v)", k.failed), k.failed
	}
	return e
}

// startIfDue starts a hub unless somebody else is given time to.
func (k *Keeper) startIfDue(now time.Time) {
	if !k.due(now) {
		return
	}
	cmd, err := k.start()
	if err != nil {
		k.log.Warn("no hub was started", "error", err)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.failed, k.child = err, false
		return
	}
	k.log.Info("started a hub", "pid", cmd.Process.Pid)
	// The hub is meant to outlive this process; as long as both live, somebody must take
	// its exit status.
	go k.reap(cmd)
}

// due reports whether the caller is to start a hub, which is then taken for started.
func (k *Keeper) due(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.missing.IsZero() {
		k.missing = now
	}
	if k.start == nil || k.child || now.Before(k.earliest) || (k.seen && now.Sub(k.missing) < patience) {
		return false
	}
	k.child, k.earliest = true, now.Add(startPause)
	return true
}

func (k *Keeper) reap(cmd *exec.Cmd) {
	err := cmd.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.child = false
	if err != nil {
		k.failed = fmt.Errorf("the hub started as process %d: %w", cmd.Process.Pid, err)
	}
}
