package discovery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

func holder(args []string) error {
	r, err := Open(Config{Dir: args[0], Log: quiet(), tryLock: lockings[args[1]]})
	if err != nil {
		return err
	}
	if _, err := r.locks.lock(context.Background()); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

func TestA3_killed_holder(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	h := start(t, "holder", r.Dir(), "flock")
	h.line()

	err := reg.Heartbeat(within(t, 20*time.Millisecond))
	locked, ok := errors.AsType[*LockError](err)
	if !ok || locked.Path != filepath.Join(r.Dir(), lockName) || errors.Of(err) != errors.Timeout || !errors.IsTemporary(err) ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("while the lock is held: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := reg.Heartbeat(ctx); errors.Of(err) != errors.Canceled {
		t.Errorf("canceled: %v", err)
	}

	next := make(chan error, 1)
	go func() { next <- reg.Heartbeat(within(t, 20*time.Second)) }()
	eventually(t, "somebody waits", func() bool { return len(names(t, r.Dir())) > 1 })
	if got := reg.Instance(); got.ID != "a" { // no mutex is held by the waiter
		t.Errorf("%v", got)
	}
	h.Process.Kill()
	if err := <-next; err != nil {
		t.Errorf("after the holder's death: %v", err)
	}
}

func TestA3_goroutines_exclude_each_other(t *testing.T) {
	r := open(t, Config{})
	var all sync.WaitGroup
	var inside atomic.Int32 // the race detector does not know about file locks
	for range 8 {
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

// A lock on a file that is no longer at the path excludes nobody.
func TestA3_lock_of_a_deleted_directory(t *testing.T) {
	r := open(t, Config{})
	unlock, err := r.locks.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := os.RemoveAll(r.Dir()); err != nil {
		t.Fatal(err)
	}
	if _, err := prepare(r.Dir()); err != nil {
		t.Fatal(err)
	}
	again, err := r.locks.lock(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	again()
}
