package bridge

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// keeping is a Keeper whose hub a test controls, in virtual time.
type keeping struct {
	*Keeper
	up     atomic.Bool
	starts atomic.Int64
	fails  atomic.Bool // starting fails
}

func newKeeping(mayStart bool) *keeping {
	k := new(keeping)
	start := func() (*exec.Cmd, error) {
		k.starts.Add(1)
		if k.fails.Load() {
			return nil, errors.New("no fork today")
		}
		return nil, errStartedElsewhere
	}
	if !mayStart {
		start = nil
	}
	k.Keeper = NewKeeper(func(context.Context) bool { return k.up.Load() }, start, slog.New(slog.DiscardHandler))
	return k
}

// Processes have no place in virtual time: the start of one is told as an error.
var errStartedElsewhere = errors.New("started elsewhere")

func TestFirstHubIsStartedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(true)
		go func() {
			for k.starts.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(300 * time.Millisecond) // it takes a while to come up
			k.up.Store(true)
		}()
		began := time.Now()
		if err := k.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); k.starts.Load() != 1 || took > 400*time.Millisecond {
			t.Errorf("%d starts, %v", k.starts.Load(), took)
		}
	})
}

func TestLostHubIsGivenTimeToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(true)
		k.up.Store(true)
		if err := k.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.up.Store(false)
		go func() {
			time.Sleep(patience - 2*poll)
			k.up.Store(true)
		}()
		if err := k.Await(t.Context()); err != nil || k.starts.Load() != 0 {
			t.Errorf("%d starts, %v: somebody else restarted it", k.starts.Load(), err)
		}
		k.up.Store(false)
		go func() {
			for k.starts.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			k.up.Store(true)
		}()
		began := time.Now()
		if err := k.Await(t.Context()); err != nil || k.starts.Load() != 1 || time.Since(began) < patience {
			t.Errorf("%d starts, %v after %v", k.starts.Load(), err, time.Since(began))
		}
	})
}

func TestAwaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(false)
		began := time.Now()
		err := k.Await(t.Context())
		if took := time.Since(began); api.CodeOf(err) != api.CodeNoHub || took != awaitTimeout {
			t.Errorf("after %v: %v", took, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := k.Await(ctx); api.CodeOf(err) != api.CodeCanceled || !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	})
}

func TestFailedStartsAreToldAndNotRushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(true)
		k.fails.Store(true)
		err := k.Await(t.Context())
		if api.CodeOf(err) != api.CodeNoHub || !strings.Contains(err.Error(), "no fork today") {
			t.Error(err)
		}
		if n := k.starts.Load(); n < 2 || n > int64(awaitTimeout/startPause)+1 {
			t.Errorf("%d starts in %v", n, awaitTimeout)
		}
	})
}

// A hub that is ending still answers, for a moment: it is not asked as fast as it can.
func TestHubThatIsEndingIsLeftInPeace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(false)
		k.up.Store(true)
		b := NewBackend(nil, k.Keeper)
		began, asked := time.Now(), 0
		got, err := ask(t.Context(), b, func() (int, error) {
			if asked++; time.Since(began) < 10*poll {
				return 0, &api.Error{Code: api.CodeShuttingDown}
			}
			return asked, nil
		})
		if err != nil || got != asked || asked > 11 {
			t.Errorf("%d after %d questions in %v, %v", got, asked, time.Since(began), err)
		}
	})
}
