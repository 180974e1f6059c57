package hub

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
	"github.com/standardbeagle/brum/session"
)

// A program that hangs, in either way, while its session answers probes is found within three
// intervals, is asked once, and is active again as soon as it goes on.
func TestJ4_HungInstanceIsStalled(t *testing.T) {
	for name, how := range map[string]hang{"takes nothing in": deaf, "does nothing with it": mute} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				time.Sleep(10 * time.Minute)
				if i := v.see(); i.State != api.Active || i.Resumes != 0 || i.Health.Quality != 1 || i.Health.Checks != api.ChecksRunning ||
					i.Health.Failures != 0 || i.Health.SilentMillis > api.Millis(health.DefaultInterval) {
					v.Fatalf("after ten quiet minutes: %+v, %+v", i, i.Health)
				}
				before := v.dialled.Stats().SentMessages
				v.gate.set(how)
				v.shows(api.Stalled, 3*session.DefaultHeartbeat)
				time.Sleep(time.Hour)
				i := v.see()
				if i.State != api.Stalled || i.Health.Failures == 0 || i.Health.Quality > 0.5 || i.Health.Quality < 0 || i.Resumes != 0 {
					v.Errorf("after an hour: %+v, %+v", i, i.Health)
				}
				if asked := v.dialled.Stats().SentMessages - before; asked > 2 { // the second if the first was answered just before
					v.Errorf("it was asked %d times", asked)
				}
				v.gate.set(passing)
				if took := v.shows(api.Active, time.Second); took > 100*time.Millisecond {
					v.Errorf("active again after %v", took)
				}
				h, err := v.History(v.Context(), virtualID)
				if err != nil {
					v.Fatal(err)
				}
				var states []api.State
				for _, c := range h.Changes {
					states = append(states, c.To)
					if c.To == api.Stalled && c.Trigger != api.TriggerCheck {
						v.Errorf("%+v", c)
					}
				}
				if !slices.Equal(states, []api.State{api.Active, api.Stalled, api.Active}) {
					v.Errorf("history %v", states)
				}
			})
		})
	}
}

// Whoever refuses to be pinged is there to refuse it.
func TestJ3_MethodNotFoundIsAlive(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		v.noPing.Store(true)
		for range 60 {
			time.Sleep(10 * time.Second)
			if i := v.see(); i.State != api.Active || i.Health.Failures > 0 {
				v.Fatalf("%+v, %+v", i, i.Health)
			}
		}
		if n := v.pings.Load(); n < 25 || n > 31 { // one in 20 s
			v.Errorf("%d pings in ten minutes", n)
		}
	})
}

// A call may take as long as it likes.
func TestJ4_LongCallIsNoStall(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		ctx, cancel := context.WithCancel(v.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := v.Call(ctx, api.CallRequest{Instance: virtualID, Tool: "wait"}, nil)
			ended <- err
		}()
		for range 60 {
			time.Sleep(10 * time.Second)
			if i := v.see(); i.State != api.Active || i.Health.Failures > 0 {
				v.Fatalf("%+v", i)
			}
		}
		cancel()
		if err := <-ended; api.CodeOf(err) != api.CodeCanceled {
			v.Error(err)
		}
	})
}

// Without a path nothing is concluded about the program: the checks pause, and say so.
func TestH3_ChecksArePausedWhileOffline(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		v.dialled.Hold(session.TriggerNetwork)
		v.network.Last().Stall(0)
		v.network.Last().Stall(1)
		v.gate.set(mute)
		time.Sleep(4 * time.Minute)
		i := v.see()
		if i.State != api.Suspect || i.Held != api.HeldOffline || i.Health.Checks != api.ChecksPaused || i.Health.Failures != 0 {
			v.Errorf("offline: %+v, %+v", i, i.Health)
		}
		v.gate.set(passing)
		v.network.Last().Release(0)
		v.network.Last().Release(1)
		v.dialled.Nudge(session.TriggerNetwork)
		time.Sleep(time.Second)
		if i = v.see(); i.State != api.Active || i.Held != "" || i.Health.Checks != api.ChecksRunning {
			v.Errorf("online: %+v, %+v", i, i.Health)
		}
	})
}
