package power

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// How long a backend that failed waits before it is run again: it doubles up to the longest.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

var errReturned = errors.New("power: it stopped watching without saying why")

// backend runs one source of hints, again when it fails. It is the sink of its source.
type backend struct {
	system.Backend
	m *Monitor

	// The monitor's lock guards what follows.
	state   State
	err     error
	since   time.Time
	fails   int
	hints   uint64
	held    bool
	heldErr error
}

// supervise runs the backend until the monitor is closed.
func (b *backend) supervise() {
	wait := firstRetry
	for b.turn() {
		err := b.run()
		if b.m.ctx.Err() != nil {
			return
		}
		if err == nil { // another took its turn
			continue
		}
		if b.failed(err) {
			wait = firstRetry
		}
		if errors.Is(err, errors.ErrUnsupported) {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-b.m.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, lastRetry)
	}
}

// turn waits until the backend is needed.
func (b *backend) turn() bool {
	for {
		needed, changed := b.needed()
		if needed {
			return b.m.ctx.Err() == nil
		}
		b.set(Standby, nil)
		select {
		case <-changed:
		case <-b.m.ctx.Done():
			return false
		}
	}
}

// needed says whether the backend has to run, and gives a channel that is closed when that may
// have changed.
func (b *backend) needed() (bool, <-chan struct{}) {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	if !b.Fallback {
		return true, nil
	}
	for _, other := range b.m.backends {
		if other.Role == b.Role && !other.Fallback && !other.Partial && other.state == Active {
			return false, b.m.changed
		}
	}
	return true, b.m.changed
}

// run runs the backend once. It returns nil if it was stopped for a better one.
func (b *backend) run() (err error) {
	ctx, cancel := context.WithCancel(b.m.ctx)
	defer cancel()
	if b.Fallback {
		b.m.running.Go(func() {
			for {
				needed, changed := b.needed()
				if !needed {
					cancel()
				}
				select {
				case <-ctx.Done():
					return
				case <-changed:
				}
			}
		})
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("power: %s panicked: %v\n%s", b.Name, r, debug.Stack())
		}
	}()
	err = b.Run(ctx, b)
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		return errReturned
	}
	return err
}

// failed notes an error, and says whether the backend had been active.
func (b *backend) failed(err error) (was bool) {
	b.m.mu.Lock()
	was = b.state == Active
	known := b.state == Failed && b.err.Error() == err.Error()
	b.fails++
	b.held, b.heldErr = false, nil
	b.m.mu.Unlock()
	b.set(Failed, err)
	if !known {
		b.m.log.Info("power backend failed", "backend", b.Name, "err", err)
	}
	return was
}

// set notes the state, and tells those whose turn depends on it.
func (b *backend) set(s State, err error) {
	m := b.m
	now := m.system.Clock.Read().Time()
	m.mu.Lock()
	defer m.mu.Unlock()
	if b.state != s {
		b.since = now
	}
	turned := (b.state == Active) != (s == Active)
	b.state, b.err = s, err
	if !turned {
		return // nobody's turn depends on the rest, and who waits for its turn sets it, too
	}
	m.judge.announced = false
	for _, other := range m.backends {
		m.judge.announced = m.judge.announced || other.AnnouncesWake && other.state == Active
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// Ready implements system.Sink.
func (b *backend) Ready() {
	source := Source(b.Name)
	if b.Role == system.SleepRole {
		// A wake before this is one that the backend had no chance to announce.
		b.m.report(source, system.Hint{Kind: system.Look})
	}
	b.set(Active, nil)
	if b.Role == system.NetworkRole {
		b.m.networkHint(source)
	}
	b.m.log.Info("power backend active", "backend", b.Name)
}

// Report implements system.Sink.
func (b *backend) Report(h system.Hint) {
	b.m.mu.Lock()
	b.hints++
	b.m.mu.Unlock()
	b.m.report(Source(b.Name), h)
}

// Hold implements system.Sink.
func (b *backend) Hold() (wanted bool, changed <-chan struct{}) {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	return len(b.m.hooks.list) > 0 && !b.m.options.noInhibitor, b.m.hooks.changed
}

// Holding implements system.Sink.
func (b *backend) Holding(held bool, err error) {
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	b.held, b.heldErr = held, err
}
