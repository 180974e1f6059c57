package discovery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// errOutdated: the file already holds a later edition of the instance.
var errOutdated = errors.New("discovery: outdated")

// Registration is the file of an instance that this process runs.
type Registration struct {
	registry *Registry
	done     chan struct{} // closed by Unregister

	mu       sync.Mutex // guards following; never held while waiting or doing I/O
	instance Instance
	edition  uint64 // of instance; each change makes a new one
	written  uint64 // the latest edition that was put into the file
	ended    bool   // Unregister was called: the file must not appear again
}

// Register waits until the instance's endpoint accepts connections and then
// writes its file. The endpoint is that of SessionURL, or Port on loopback.
// Process, Host and LastPing are filled in, and StartedAt if it is zero.
//
// It ends with ctx. An id whose file belongs to another process that lives, or
// that can't be judged here, is an error of kind InUse. A file of this very
// process is taken over.
func (r *Registry) Register(ctx context.Context, i Instance) (*Registration, error) {
	me := whereAmI()
	now := time.Now().UTC()
	i.Process, i.Host, i.Local, i.LastPing = me.process, me.host, true, now
	if i.StartedAt.IsZero() {
		i.StartedAt = now
	}
	i.StartedAt = i.StartedAt.UTC().Round(0) // as it will be read
	i.LastPing = i.LastPing.Round(0)
	if err := i.validate(); err != nil {
		return nil, fmt.Errorf("register %.140q: %w", i.ID, err)
	}
	if err := awaitEndpoint(ctx, i); err != nil {
		return nil, err
	}
	reg := &Registration{registry: r, instance: i, edition: 1, done: make(chan struct{})}
	r.sweep()
	if err := reg.write(ctx, create); err != nil {
		return nil, fmt.Errorf("register %s: %w", i.ID, err)
	}
	return reg, nil
}

// Instance returns what the file says, or will say after the next write.
func (reg *Registration) Instance() Instance {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	return reg.instance
}

// Heartbeat writes the file with the time of now. It never creates the file:
// where that is missing the error is ErrVanished, after Unregister it is
// ErrUnregistered.
func (reg *Registration) Heartbeat(ctx context.Context) error {
	return reg.Update(ctx, func(*Instance) {})
}

// Update changes the instance and writes the file, under the rules of
// Heartbeat. The id, the process and the host stay as they are. change may be
// called more than once, and must change nothing but its argument. If writing
// fails, the change is kept and goes out with the next heartbeat.
func (reg *Registration) Update(ctx context.Context, change func(*Instance)) error {
	if err := reg.edit(change); err != nil {
		return fmt.Errorf("update %s: %w", reg.Instance().ID, err)
	}
	if err := reg.write(ctx, keep); err != nil {
		return fmt.Errorf("update %s: %w", reg.Instance().ID, err)
	}
	return nil
}

// edit applies change outside the mutex and commits the result if nobody else
// has committed meanwhile.
func (reg *Registration) edit(change func(*Instance)) error {
	for {
		before, edition := reg.snapshot()
		after := before
		change(&after)
		after.ID, after.Process, after.Host, after.Local = before.ID, before.Process, before.Host, before.Local
		after.StartedAt = after.StartedAt.UTC().Round(0)
		after.LastPing = time.Now().UTC().Round(0)
		if err := after.validate(); err != nil {
			return err
		}
		if reg.commit(after, edition) {
			return nil
		}
	}
}

func (reg *Registration) snapshot() (Instance, uint64) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	return reg.instance, reg.edition
}

func (reg *Registration) commit(i Instance, basedOn uint64) bool {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if reg.edition != basedOn {
		return false
	}
	reg.instance = i
	reg.edition++
	return true
}

// isOf reports whether a and b are of the same process.
func (a Instance) isOf(b Instance) bool { return a.Host.shares(b.Host) && a.Process.is(b.Process) }

// mode says what a write does about a missing file.
type mode bool

const (
	keep   mode = false // reports it
	create mode = true
)

// write puts the current edition into the file, unless a later one is there.
func (reg *Registration) write(ctx context.Context, m mode) error {
	i, edition := reg.snapshot()
	err := reg.registry.replace(ctx, i, func(publish func() error) error {
		if err := reg.mayWrite(edition, m); err != nil {
			return err
		}
		if err := publish(); err != nil {
			return err
		}
		// Still under the directory's lock: whoever gets it next must know.
		reg.mu.Lock()
		defer reg.mu.Unlock()
		reg.written = edition
		return nil
	})
	if errors.Is(err, errOutdated) {
		return nil
	}
	return err
}

// mayWrite is called under the directory's lock. Unregister sets ended before
// it takes that lock, so a file written after this check is still removed.
func (reg *Registration) mayWrite(edition uint64, m mode) error {
	reg.mu.Lock()
	i, ended, written := reg.instance, reg.ended, reg.written
	reg.mu.Unlock()
	if ended {
		return ErrUnregistered
	}
	found, err := load(reg.registry.dir, i.ID)
	switch {
	case missing(err):
		if m == keep {
			return ErrVanished
		}
		return nil
	case err != nil:
		return nil // unusable, under our name: to be replaced
	case i.isOf(found):
		if written > edition {
			return errOutdated
		}
		return nil
	case found.Liveness().Dead():
		return nil
	default:
		return &FileError{Path: pathOf(reg.registry.dir, i.ID), Err: &errors.Error{Kind: errors.InUse, Persistence: errors.Permanent,
			Err: fmt.Errorf("it belongs to process %d (%s) on %s", found.Process.PID, found.Liveness(), found.Host.Name)}}
	}
}

// Unregister removes the file. From the call on no write of this registration
// creates it again, whether or not the removal succeeds; the call may be
// repeated.
func (reg *Registration) Unregister(ctx context.Context) error {
	reg.mu.Lock()
	if !reg.ended {
		reg.ended = true
		close(reg.done)
	}
	i := reg.instance
	reg.mu.Unlock()

	path := pathOf(reg.registry.dir, i.ID)
	err := reg.registry.locked(ctx, func() error {
		found, err := load(reg.registry.dir, i.ID)
		if err == nil && !i.isOf(found) {
			return nil // somebody else's by now
		}
		return erase(ctx, path)
	})
	if err == nil || missing(err) {
		return nil
	}
	return fmt.Errorf("unregister %s: %w", i.ID, asFileError(path, err))
}
