package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// lockings are ways in which file systems lock.
var lockings = map[string]systemLock{
	"flock":   tryFlock,
	"refused": func(string) (held, error) { return nil, errors.Unsupported },
	"useless": func(path string) (held, error) {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
		return noLock{file}, err
	},
}

type noLock struct{ *os.File }

func (l noLock) Unlock() error { return l.Close() }

func TestM2_locks_that_do_not_work(t *testing.T) {
	for _, name := range []string{"refused", "useless"} {
		t.Run(name, func(t *testing.T) {
			var log syncBuffer
			r := open(t, Config{tryLock: lockings[name], Log: slog.New(slog.NewTextHandler(&log, nil))})
			reg := register(t, r, "a")
			fatal(t, reg.Heartbeat(t.Context()))
			deleteAll(t, r.Dir())
			if err := reg.Heartbeat(t.Context()); !errors.Is(err, ErrVanished) {
				t.Errorf("in a directory that was made again: %v", err)
			}
			h := r.Health(t.Context())
			if file, ok := errors.AsType[*FileError](h.LockProblem); h.Lock != LockFile || !ok ||
				file.Path != filepath.Join(r.Dir(), lockName) || errors.Of(h.LockProblem) != errors.Unsupported || h.OK() {
				t.Errorf("%v", h)
			}
			fatal(t, reg.Unregister(t.Context()))
			if exists(filepath.Join(r.Dir(), exclusiveName)) || len(names(t, r.Dir())) > 0 {
				t.Errorf("left over: %v", names(t, r.Dir()))
			}
			if n := strings.Count(log.String(), "file locks don't work"); n < 1 || n > 2 { // once a directory, and the new one may pass for the old
				t.Errorf("said %d times: %s", n, log.String())
			}
		})
	}
}

// A lock that somebody holds, and a full disk, are no proof that locks don't work.
func TestM2_probe_is_not_misled(t *testing.T) {
	r := open(t, Config{})
	h := start(t, "holder", r.Dir(), "flock")
	h.line()
	if _, err := r.locks.lock(within(t, 50*time.Millisecond)); errors.Of(err) != errors.Timeout {
		t.Errorf("held by another: %v", err)
	}
	if method, err := r.locks.method(); method != LockSystem || err != nil {
		t.Errorf("%v, %v", method, err)
	}
	full := true
	r = open(t, Config{tryLock: func(path string) (held, error) {
		if full {
			return nil, &os.PathError{Op: "open", Path: path, Err: errors.DiskFull}
		}
		return tryFlock(path)
	}})
	_, err := r.locks.lock(t.Context())
	if file, ok := errors.AsType[*FileError](err); !ok || file.Path != filepath.Join(r.Dir(), lockName) || errors.Of(err) != errors.DiskFull {
		t.Errorf("no room: %v", err)
	}
	full = false
	unlock, err := r.locks.lock(t.Context())
	fatal(t, err)
	unlock()
	if method, _ := r.locks.method(); method != LockSystem {
		t.Errorf("%v", method)
	}
}

func TestM2_lock_file_excludes(t *testing.T) {
	dir := testDir(t)
	var all sync.WaitGroup
	var inside atomic.Int32
	for range 6 {
		r := open(t, Config{Dir: dir, tryLock: lockings["useless"]})
		all.Go(func() {
			for range 10 {
				unlock, err := r.locks.lock(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d holders", n)
				}
				inside.Add(-1)
				unlock()
			}
		})
	}
	all.Wait()
}

func TestM2_killed_holder(t *testing.T) {
	r := open(t, Config{tryLock: lockings["refused"]})
	h := start(t, "holder", r.Dir(), "refused")
	h.line()
	path := filepath.Join(r.Dir(), exclusiveName)
	_, err := r.locks.lock(within(t, 50*time.Millisecond))
	if locked, ok := errors.AsType[*LockError](err); !ok || locked.Path != path || errors.Of(err) != errors.Timeout {
		t.Fatalf("while it is held: %v", err)
	}
	h.Process.Kill()
	h.Wait()
	var all sync.WaitGroup
	var inside atomic.Int32
	for range 6 {
		all.Go(func() {
			unlock, err := r.locks.lock(within(t, leaseOfUnknown/2)) // the dead are known at once
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d holders", n)
			}
			inside.Add(-1)
			unlock()
		})
	}
	all.Wait()
	if n := r.Stats().LocksBroken; n != 1 {
		t.Errorf("%d locks broken", n)
	}
}

// Whom nobody here can judge is given up after its lease, and not before.
func TestM2_unknown_holder(t *testing.T) {
	gone := start(t, "probe", "1")
	gone.finish()
	whereAmI()
	dead := fmt.Sprintf(`{"nonce":"x","pid":%d,"host":{"id":%q,"namespace":%q}}`, gone.Process.Pid, whereAmI().host.ID, whereAmI().host.Namespace)
	for name, c := range map[string]struct {
		content string
		claimed bool // by somebody who died of it
		lease   time.Duration
	}{
		"elsewhere":     {`{"nonce":"x","pid":1,"host":{"id":"elsewhere"}}`, false, leaseOfUnknown},
		"says nothing":  {"", false, leaseOfUnknown},
		"garbled":       {"{", false, leaseOfUnknown},
		"dead claimant": {dead, true, leaseOfUnknown},
		"dead":          {dead, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testDir(t)
			synctest.Test(t, func(t *testing.T) {
				r := open(t, Config{Dir: dir, tryLock: lockings["refused"]})
				path := filepath.Join(dir, exclusiveName)
				writeFile(t, path, c.content)
				if c.claimed {
					x := exclusive{dir: dir, log: quiet(), counts: &r.counts, seen: c.content}
					fatal(t, x.claim(filepath.Join(dir, "none"), 0)) // and does no more
				}
				began := time.Now()
				unlock, err := r.locks.lock(t.Context())
				fatal(t, err)
				if took := time.Since(began); took < c.lease || took > c.lease+time.Second {
					t.Errorf("took %v", took)
				}
				// The holder that was given up comes back: it must not free this one's lock.
				release(path, c.content)
				if !exists(path) {
					t.Error("the lock was freed by another")
				}
				unlock()
				if exists(path) {
					t.Error("the lock was not freed")
				}
			})
		})
	}
}

// A holder that changes is a living one, whoever it is.
func TestM2_busy_lock_is_not_broken(t *testing.T) {
	dir := testDir(t)
	whereAmI()
	synctest.Test(t, func(t *testing.T) {
		r := open(t, Config{Dir: dir, tryLock: lockings["refused"]})
		path := filepath.Join(dir, exclusiveName)
		ctx, cancel := context.WithTimeout(t.Context(), 4*leaseOfUnknown)
		defer cancel()
		var busy sync.WaitGroup
		busy.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				writeFile(t, path, fmt.Sprintf(`{"nonce":"%d","pid":1,"host":{"id":"elsewhere"}}`, n))
				time.Sleep(leaseOfUnknown / 2)
			}
		})
		if _, err := r.locks.lock(ctx); errors.Of(err) != errors.Timeout {
			t.Errorf("%v", err)
		}
		busy.Wait()
		if n := r.Stats().LocksBroken; n != 0 {
			t.Errorf("%d broken", n)
		}
	})
}
