package daemon

import (
	"slices"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/history"
	"github.com/standardbeagle/brum/power/powertest"
)

// L2: the history has when the hub lived, and what happened to the machine meanwhile.
func TestL2_ChronicleOfTheMachine(t *testing.T) {
	machine := powertest.New(t)
	past := history.New()
	end := chronicle(past, machine.Monitor)
	machine.Suspend()
	machine.Sleep(time.Hour)
	machine.Resume()
	events := func() []api.Event {
		now := time.Now().Add(24 * time.Hour) // the machine's clock is ahead
		return past.Timeline(now.Add(-48*time.Hour), now, nil).Events
	}
	isWake := func(e api.Event) bool { return e.Kind == api.EventWake }
	for deadline := time.Now().Add(10 * time.Second); !slices.ContainsFunc(events(), isWake); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no wake in %+v", events())
		}
	}
	end()
	var kinds []api.EventKind
	for _, e := range events() {
		kinds = append(kinds, e.Kind)
		if isWake(e) && e.ForMillis < api.Millis(time.Hour) {
			t.Errorf("the machine slept an hour: %+v", e)
		}
	}
	if want := []api.EventKind{api.EventHub, api.EventSleep, api.EventWake, api.EventHubEnd}; !slices.Equal(kinds, want) {
		t.Errorf("%v, want %v", kinds, want)
	}
}
