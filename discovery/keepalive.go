package discovery

import (
	"context"
	"os"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Run keeps the registration alive: it writes a heartbeat every Config.Heartbeat
// and looks every Config.Check whether the file is still there; a file that has
// vanished, with its directory or without, is created again. What fails is
// logged when it begins, when it becomes another kind of failure and when it
// ends, and tried again at the next check, then after twice as long each time,
// up to ten seconds.
//
// It returns nil after Unregister, else when ctx ends, with ctx's error.
func (reg *Registration) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-reg.done: // don't let a write in progress hold Run up
			cancel()
		case <-ctx.Done():
		}
	}()
	k := keeper{reg: reg, beat: time.Now().Add(reg.registry.config.Heartbeat)}
	ticker := time.NewTicker(reg.registry.config.Check)
	defer ticker.Stop()
	for {
		select {
		case <-reg.done:
			return nil
		case <-ctx.Done():
			if reg.unregistered() {
				return nil
			}
			return ctx.Err()
		case <-ticker.C:
			k.check(ctx)
		}
	}
}

func (reg *Registration) unregistered() bool {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	return reg.ended
}

// keeper is the state of one Run.
type keeper struct {
	reg     *Registration
	beat    time.Time // when the next heartbeat is due
	failing bool
	failure errors.Kind // of the failure that was logged last
	since   time.Time   // when failing began
	pause   time.Duration
	retry   time.Time // no attempt before, while failing
}

// longestRetry is how long it takes at most until a disk that has room again is noticed.
const longestRetry = 10 * time.Second

func (k *keeper) check(ctx context.Context) {
	path := pathOf(k.reg.registry.dir, k.reg.Instance().ID)
	_, err := os.Lstat(path)
	vanished := err != nil // also when the directory is none any more
	now := time.Now()
	switch {
	case k.failing && now.Before(k.retry):
		return
	case !k.failing && !vanished && now.Before(k.beat):
		return
	}
	err = k.reg.edit(func(*Instance) {})
	if err == nil {
		err = k.reg.write(ctx, create)
	}
	if err == nil {
		k.beat = now.Add(k.reg.registry.config.Heartbeat)
	}
	if ctx.Err() == nil {
		k.report(path, vanished, err)
	}
}

func (k *keeper) report(path string, vanished bool, err error) {
	log := k.reg.registry.config.Log
	switch {
	case errors.Is(err, ErrUnregistered):
	case err != nil:
		k.fail(path, err)
	case err == nil && k.failing:
		k.failing = false
		log.Info("instance file is written again", "path", path, "after", time.Since(k.since).Round(time.Millisecond))
	case err == nil && vanished:
		log.Info("instance file had vanished and was created again", "path", path)
	}
}

// fail arranges the next attempt and logs what is new.
func (k *keeper) fail(path string, err error) {
	now, kind := time.Now(), errors.Of(err)
	first := !k.failing
	if first {
		k.failing, k.since, k.pause = true, now, k.reg.registry.config.Check
	} else {
		k.pause = max(k.pause, min(2*k.pause, longestRetry))
	}
	k.retry = now.Add(k.pause)
	if first || kind != k.failure {
		k.failure = kind
		k.reg.registry.config.Log.Warn("instance file can't be written; trying again",
			"path", path, "kind", kind.String(), "err", err.Error(), "in", k.pause)
	}
}
