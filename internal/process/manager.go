package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
)

const (
	// DefaultGrace is the time a command has to end after it was asked to.
	DefaultGrace = 5 * time.Second

	// MaxActive is how many runs there may be at a time.
	MaxActive = 64
	// maxEnded is how many runs are remembered after their end.
	maxEnded = 100
)

var (
	ErrNotFound = errors.New("no such process")
	ErrClosed   = errors.New("shutting down")
	ErrTooMany  = errors.New("too many processes")
)

// RunningError: a command of that name runs already. Names run one at a time.
type RunningError struct{ Name, ID string }

func (e *RunningError) Error() string {
	return fmt.Sprintf("%q is running already as %s", e.Name, e.ID)
}

// Spec says what to run.
type Spec struct {
	Name    string // what people call it; ids are made from it
	Args    []string
	Dir     string
	Restart RestartPolicy
}

// Config of a Manager. Logs is required.
type Config struct {
	Logs   *logstore.Store
	Grace  time.Duration // default DefaultGrace; negative: kill at once
	Logger *slog.Logger  // default: none
}

// Manager runs commands. Create it with New and Close it.
type Manager struct {
	cfg          Config
	spawner      *spawner
	closeSpawner func() // once

	mu     sync.Mutex
	closed bool
	counts map[string]int // runs so far by name
	runs   []*run         // in order of start
}

// New returns a Manager that runs nothing yet.
func New(cfg Config) *Manager {
	switch {
	case cfg.Grace == 0:
		cfg.Grace = DefaultGrace
	case cfg.Grace < 0:
		cfg.Grace = 0
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := newSpawner()
	return &Manager{cfg: cfg, spawner: s, closeSpawner: sync.OnceFunc(s.close), counts: map[string]int{}}
}

// Start runs a command and returns once it has been started. A command that
// cannot be started is an error, and a failed run. Other errors: RunningError,
// ErrTooMany, ErrClosed.
func (m *Manager) Start(spec Spec) (Status, error) {
	r, err := m.add(spec)
	if err != nil {
		return Status{}, err
	}
	go r.supervise()
	<-r.begun
	st := r.status()
	if st.Exit != nil && st.Exit.Err != nil && st.State.Ended() {
		return st, fmt.Errorf("start %q: %w", spec.Name, st.Exit.Err)
	}
	return st, nil
}

func (m *Manager) add(spec Spec) (*run, error) {
	if len(spec.Args) == 0 || spec.Name == "" {
		return nil, errors.New("a command needs a name and arguments")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	active := 0
	for _, r := range m.runs {
		if r.ended() {
			continue
		}
		active++
		if r.spec.Name == spec.Name {
			return nil, &RunningError{Name: spec.Name, ID: r.id}
		}
	}
	if active >= MaxActive {
		return nil, fmt.Errorf("%w: %d are running", ErrTooMany, active)
	}
	m.counts[spec.Name]++
	r := newRun(m, fmt.Sprintf("%s-%d", spec.Name, m.counts[spec.Name]), spec)
	m.runs = append(m.runs, r)
	m.forgetLocked()
	return r, nil
}

// forgetLocked drops the oldest runs that have ended, beyond maxEnded.
func (m *Manager) forgetLocked() {
	excess := -maxEnded
	for _, r := range m.runs {
		if r.ended() {
			excess++
		}
	}
	m.runs = slices.DeleteFunc(m.runs, func(r *run) bool {
		if excess <= 0 || !r.ended() {
			return false
		}
		excess--
		return true
	})
}

// Stop ends a run: it asks the command to stop, kills it after the grace, and
// waits until the run is over or ctx is done (the stop goes on then). Stopping a
// run that is over is no error.
func (m *Manager) Stop(ctx context.Context, id string) (Status, error) {
	r := m.find(id)
	if r == nil {
		return Status{}, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	r.requestStop()
	select {
	case <-r.done:
		return r.status(), nil
	case <-ctx.Done():
		return r.status(), fmt.Errorf("waiting for %s to stop: %w", id, context.Cause(ctx))
	}
}

// Wait returns when the run is over or ctx is done.
func (m *Manager) Wait(ctx context.Context, id string) (Status, error) {
	r := m.find(id)
	if r == nil {
		return Status{}, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	select {
	case <-r.done:
		return r.status(), nil
	case <-ctx.Done():
		return r.status(), ctx.Err()
	}
}

// List returns all runs remembered, in order of start.
func (m *Manager) List() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Status, len(m.runs))
	for i, r := range m.runs {
		list[i] = r.status()
	}
	return list
}

// Close stops everything and waits for it; that takes the grace and a moment at
// most. Nothing can be started afterwards.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	runs := slices.Clone(m.runs)
	m.mu.Unlock()
	for _, r := range runs {
		r.requestStop()
	}
	for _, r := range runs {
		<-r.done
	}
	m.closeSpawner()
}

// Kill ends the grace of everything that is being stopped, and stops the rest
// without one. It does not wait.
func (m *Manager) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, r := range m.runs {
		r.requestStop()
		r.requestKill()
	}
}

func (m *Manager) find(id string) *run {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.runs {
		if r.id == id {
			return r
		}
	}
	return nil
}
