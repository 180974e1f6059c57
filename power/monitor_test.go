package power_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/powertest"
)

// next returns the event that comes next.
func next(t *testing.T, s *power.Subscription) power.Event {
	t.Helper()
	select {
	case e, open := <-s.C:
		if !open {
			t.Fatal("the subscription has ended")
		}
		return e
	case <-time.After(time.Hour):
		t.Fatal("no event comes")
		panic("unreachable")
	}
}

// none checks that nothing more comes for a while.
func none(t *testing.T, s *power.Subscription) {
	t.Helper()
	select {
	case e := <-s.C:
		t.Fatalf("an event too many: %+v", e)
	case <-time.After(time.Minute):
	}
}

func TestG1_OneWakeEventWithTheTimeSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		wakes := m.Subscribe(power.Resume)
		m.Suspend()
		m.Sleep(8 * time.Hour)
		if got := m.SleepTime(); got != 8*time.Hour {
			t.Errorf("before anybody was told, SleepTime is %v", got)
		}
		awake := m.AwakeTime()
		m.Resume()
		m.Resume()
		m.Inject(power.Event{Kind: power.Resume})
		e := next(t, wakes)
		if e.Slept != 8*time.Hour || e.Sleep != 1 || e.Source != powertest.Source || e.Inferred {
			t.Errorf("got %+v", e)
		}
		if want := time.Now().Add(8 * time.Hour).Round(0); !e.Time.Equal(want) {
			t.Errorf("at %v, want %v", e.Time, want)
		}
		if m.AwakeTime() != awake {
			t.Error("AwakeTime counts sleep")
		}
		none(t, wakes)
	})
}

func TestG1_AClockStepIsNoWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		all := m.Subscribe()
		m.ClockStep(3 * time.Hour)
		if e := next(t, all); e.Kind != power.ClockStep {
			t.Errorf("got %v", e.Kind)
		}
		none(t, all)
	})
}

func TestDarkWakesAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		all := m.Subscribe()
		for range 3 {
			m.Sleep(time.Minute)
			m.DarkWake()
			if e := next(t, all); e.Kind != power.DarkWake || e.Slept != time.Minute {
				t.Fatalf("got %+v", e)
			}
		}
		m.Sleep(time.Minute)
		m.Resume()
		if e := next(t, all); e.Kind != power.Resume || e.Slept != 4*time.Minute {
			t.Fatalf("got %+v", e)
		}
		none(t, all)
	})
}

func TestASuspendThatIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		all := m.Subscribe()
		m.Suspend()
		m.SuspendCanceled()
		if a, b := next(t, all), next(t, all); a.Kind != power.Suspend || b.Kind != power.SuspendCanceled || a.Sleep != b.Sleep {
			t.Errorf("got %v, %v", a, b)
		}
		none(t, all)
	})
}

func TestHooksDelayASleepForAsLongAsTheyMay(t *testing.T) {
	for _, c := range []struct {
		name   string
		option time.Duration
		hooks  []func(context.Context)
		want   time.Duration
	}{
		{"none", time.Second, nil, 0},
		{"quick", time.Second, []func(context.Context){func(context.Context) { time.Sleep(100 * time.Millisecond) }}, 100 * time.Millisecond},
		{"panic", time.Second, []func(context.Context){func(context.Context) { panic("oops") }}, 0},
		{"two, one hangs", time.Second, []func(context.Context){func(context.Context) {}, hang}, time.Second},
		{"the system is less patient", time.Hour, []func(context.Context){hang}, powertest.Budget},
		{"heeds its context", time.Second, []func(context.Context){func(ctx context.Context) { <-ctx.Done() }}, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ends = make(chan struct{})
				defer close(ends)
				m := powertest.New(t, power.WithSuspendTimeout(c.option))
				for _, f := range c.hooks {
					m.OnSuspend(f)
				}
				began := time.Now()
				m.Suspend()
				if took := time.Since(began); took != c.want {
					t.Errorf("the system waited for %v, want %v", took, c.want)
				}
				m.Sleep(time.Hour)
				m.Resume()
			})
		})
	}
}

// hang is a hook that heeds nothing; the test that uses it ends it.
func hang(context.Context) { <-ends }

var ends chan struct{}

func TestWithoutInhibitorNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t, power.WithoutInhibitor())
		ran := make(chan struct{})
		m.OnSuspend(func(ctx context.Context) {
			<-ctx.Done()
			close(ran)
		})
		began := time.Now()
		m.Suspend()
		if took := time.Since(began); took != 0 {
			t.Errorf("the system waited for %v", took)
		}
		<-ran
	})
}

func TestAHookHearsThatTheSleepIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		ended := make(chan time.Duration, 1)
		began := time.Now()
		remove := m.OnSuspend(func(ctx context.Context) {
			<-ctx.Done()
			ended <- time.Since(began)
		})
		go m.Suspend()
		time.Sleep(time.Second)
		m.SuspendCanceled()
		if got := <-ended; got != time.Second {
			t.Errorf("after %v", got)
		}
		remove()
		remove()
		if n := m.Status().Hooks; n != 0 {
			t.Errorf("%d hooks are left", n)
		}
	})
}

func TestAPanickingHookIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := powertest.New(t, power.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		m.OnSuspend(func(context.Context) { panic("oops") })
		m.Suspend()
		m.Close()
		if !strings.Contains(log.String(), "oops") {
			t.Errorf("the log says %q", log.String())
		}
	})
}

func TestCloseLetsTheSystemSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		s := m.Subscribe(power.Resume)
		ends = make(chan struct{})
		defer close(ends)
		m.OnSuspend(func(ctx context.Context) { <-ctx.Done() })
		m.OnSuspend(hang)
		asleep := make(chan struct{})
		go func() { m.Suspend(); close(asleep) }()
		synctest.Wait()
		began := time.Now()
		m.Close()
		m.Close()
		<-asleep
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
		if _, open := <-s.C; open {
			t.Error("the subscription goes on")
		}
		if err := m.WaitOnline(t.Context()); !errors.Is(err, power.ErrClosed) {
			t.Errorf("WaitOnline: %v", err)
		}
		m.Suspend() // must not hang
		m.Resume()
	})
}

func TestInjectedSuspendRunsHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		ran := make(chan struct{})
		m.OnSuspend(func(context.Context) { close(ran) })
		s := m.Subscribe()
		m.Inject(power.Event{Kind: power.Suspend})
		<-ran
		if e := next(t, s); e.Kind != power.Suspend || e.Source != power.Manual {
			t.Errorf("got %+v", e)
		}
		m.Inject(power.Event{Kind: power.Kind(99)})
		none(t, s)
	})
}

func TestABrokenBackendIsNamedAndMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		cause := errors.New("the bus is gone")
		m.Break(cause)
		synctest.Wait()
		if b := m.Status().Backends[0]; b.State != power.Failed || !errors.Is(b.Err, cause) {
			t.Errorf("got %+v", b)
		}
		m.Sleep(time.Hour)
		m.Resume() // nobody hears
		wakes := m.Subscribe(power.Resume)
		m.Mend()
		if e := next(t, wakes); e.Slept != time.Hour { // a look at the clocks catches up
			t.Errorf("got %+v", e)
		}
	})
}
