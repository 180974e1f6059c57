package power_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/standardbeagle/brum/power"
)

// expected are backends that must be active, whatever a machine lacks. What a container or a
// service lacks is not among them, and neither is what wine does.
var expected = map[string][]power.Source{
	"darwin":  {power.IOKit, power.RouteSock},
	"linux":   {power.Timerfd, power.Rtnetlink},
	"windows": {power.Powrprof, power.Clock, power.Winsock},
}

// The monitor of this very machine: each of its backends watches, or says why not, and ends.
func TestG5_BackendsOfThisMachine(t *testing.T) {
	for range 3 {
		m, err := power.New()
		if err != nil {
			t.Fatal(err)
		}
		states := settled(t, m)
		for _, source := range expected[runtime.GOOS] {
			if b := states[source]; b.State != power.Active {
				t.Errorf("%s is %v (%v), want active", source, b.State, b.Err)
			}
		}
		for source, b := range states {
			if b.State == power.Failed && b.Err == nil {
				t.Errorf("%s failed and does not say why", source)
			}
		}
		if slept := m.SleepTime(); slept > time.Second {
			t.Errorf("the machine slept %v during a test", slept)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// settled waits until no backend is starting.
func settled(t *testing.T, m *power.Monitor) map[power.Source]power.BackendStatus {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		states, starting := make(map[power.Source]power.BackendStatus), false
		for _, b := range m.Status().Backends {
			states[b.Source] = b
			starting = starting || b.State == power.Starting
		}
		if !starting {
			return states
		}
		if time.Now().After(deadline) {
			t.Fatalf("still starting: %+v", states)
		}
		time.Sleep(time.Millisecond) // states are not announced
	}
}
