package daemon

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// A thousand instances that are down don't storm, and those whose dials hang hold up nobody.
func TestE4_DialBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened atomic.Int64
		dial := newDialBudget(func(ctx context.Context, _, address string) (net.Conn, error) {
			opened.Add(1)
			if address == "hangs" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, errors.Refused
		})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { dial(ctx, "tcp", "hangs") })
		}
		synctest.Wait()
		if n := opened.Load(); n != dialBurst {
			t.Errorf("%d dials at once, the burst is %d", n, dialBurst)
		}
		time.Sleep(2 * time.Second)
		if n := opened.Load(); n < 3*dialBurst-1 || n > 3*dialBurst+1 {
			t.Errorf("%d dials after 2 s", n)
		}
		began := time.Now()
		if _, err := dial(ctx, "tcp", "down"); !errors.Is(err, errors.Refused) {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a turn behind 1000 that hang took %v", took)
		}
		cancel()
		all.Wait()
		if _, err := dial(ctx, "tcp", "down"); errors.Of(err) != errors.Canceled {
			t.Errorf("%v", err)
		}
	})
}
