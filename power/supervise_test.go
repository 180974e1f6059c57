package power_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/internal/system"
)

// start makes a monitor of these backends, on a machine that is always awake.
func start(t *testing.T, backends ...system.Backend) *power.Monitor {
	t.Helper()
	m, err := power.New(power.WithSystem(system.System{
		Clock:    system.Clock{CountsSleep: true, Read: func() system.Reading { return system.Reading{Awake: sinceEpoch(), Total: sinceEpoch()} }},
		Network:  func() (system.Network, error) { return system.Network{}, nil },
		Backends: backends,
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func sinceEpoch() time.Duration { return time.Duration(time.Now().UnixNano()) }

// scripted is a backend that goes on when the test says so.
func scripted(name string, fallback bool) (system.Backend, chan<- error) {
	next := make(chan error)
	return system.Backend{Name: name, Role: system.SleepRole, Fallback: fallback, Run: func(ctx context.Context, sink system.Sink) error {
		sink.Ready()
		select {
		case <-ctx.Done():
			return nil
		case err := <-next:
			return err
		}
	}}, next
}

func states(m *power.Monitor) string {
	var s string
	for _, b := range m.Status().Backends {
		s += fmt.Sprintf("%s %v; ", b.Source, b.State)
	}
	return s
}

func TestG5_ABackendThatFailsIsReplacedAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		native, fail := scripted("native", false)
		spare, _ := scripted("spare", true)
		m := start(t, native, spare)
		expect := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := states(m); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		expect("native active; spare standby; ")
		fail <- errors.New("the bus is gone")
		expect("native failed; spare active; ")
		if b := m.Status().Backends[0]; b.Err == nil || b.Err.Error() != "the bus is gone" || b.Fails != 1 {
			t.Errorf("the status does not say why: %+v", b)
		}
		time.Sleep(time.Second)
		expect("native active; spare standby; ")
		fail <- nil // without a word
		expect("native failed; spare active; ")
		time.Sleep(time.Second)
		expect("native active; spare standby; ")
		fail <- fmt.Errorf("no such thing: %w", errors.ErrUnsupported)
		expect("native failed; spare active; ")
		time.Sleep(time.Hour)
		expect("native failed; spare active; ")
		if b := m.Status().Backends[0]; b.Fails != 3 {
			t.Errorf("what is not supported was tried again: %+v", b)
		}
	})
}

func TestG5_ABackendThatNeverWorksIsTriedEverLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		m := start(t, system.Backend{Name: "absent", Role: system.SleepRole, Run: func(context.Context, system.Sink) error {
			tries = append(tries, time.Now())
			if len(tries) == 2 {
				panic("and broken, too")
			}
			return errors.New("absent")
		}})
		began := time.Now()
		time.Sleep(100*time.Second + time.Millisecond)
		m.Close()
		var at []float64
		for _, t := range tries {
			at = append(at, t.Sub(began).Seconds())
		}
		if got := fmt.Sprint(at); got != "[0 1 3 7 15 31 61 91]" {
			t.Errorf("tried at %v s", got)
		}
	})
}

func TestPartialBackendsKeepTheFallbackRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		partial, _ := scripted("partial", false)
		partial.Partial = true
		spare, _ := scripted("spare", true)
		m := start(t, partial, spare)
		synctest.Wait()
		if got := states(m); got != "partial active; spare active; " {
			t.Error(got)
		}
	})
}

func TestBadOptions(t *testing.T) {
	for name, option := range map[string]power.Option{
		"who":      power.WithWho(""),
		"timeout":  power.WithSuspendTimeout(0),
		"debounce": power.WithDebounce(-1),
		"poll":     power.WithPollInterval(time.Millisecond),
		"filter":   power.WithInterfaceFilter(nil),
		"logger":   power.WithLogger(nil),
		"system":   power.WithSystem(system.System{}),
	} {
		if _, err := power.New(option); !errors.Is(err, power.ErrOption) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// failingNetwork makes a monitor that can't see the networks, until mend.
func failingNetwork(t *testing.T, cause error) (m *power.Monitor, mend func()) {
	t.Helper()
	var mended atomic.Bool
	m, err := power.New(power.WithSystem(system.System{
		Clock: system.Clock{CountsSleep: true, Read: func() system.Reading { return system.Reading{Awake: sinceEpoch(), Total: sinceEpoch()} }},
		Network: func() (system.Network, error) {
			if !mended.Load() {
				return system.Network{}, cause
			}
			return system.Network{
				Interfaces: []system.Interface{{Name: "eth0", Up: true, Addrs: []system.Addr{{Prefix: netip.MustParsePrefix("10.0.0.1/8")}}}},
				Default4:   system.Route{Interface: "eth0"},
			}, nil
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, func() { mended.Store(true) }
}
