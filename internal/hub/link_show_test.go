package hub

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

// watchStates notes the states that whoever watches the status is shown, in order.
func (v *virtual) watchStates(ctx context.Context) (seen func() []api.State) {
	states := make(chan []api.State, 1)
	states <- nil
	go func() {
		for _, err := range v.Events(ctx) {
			if err != nil {
				return
			}
			s, err := v.Status(ctx)
			if err != nil {
				return
			}
			list := <-states
			if now := s.Instances[0].State; len(list) == 0 || list[len(list)-1] != now {
				list = append(list, now)
			}
			states <- list
		}
	}()
	return func() []api.State {
		list := <-states
		states <- list
		return list
	}
}

// A path that is down for 1 s and up for 3 s shows as unsteady and as nothing else, however it
// is down; what really happened is in the history.
func TestJ2_Flapping(t *testing.T) {
	stall := func(n *sessiontest.Network) {
		n.Usually(sessiontest.Swallowed)
		n.Last().Stall(sessiontest.ToAcceptor)
		n.Last().Stall(sessiontest.ToDialer)
	}
	for name, down := range map[string]func(*sessiontest.Network){
		"refused":   func(n *sessiontest.Network) { n.Usually(sessiontest.Refused); n.Last().Cut() },
		"swallowed": func(n *sessiontest.Network) { n.Usually(sessiontest.Swallowed); n.Last().Cut() },
		"stalled":   stall,
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				seen := v.watchStates(v.Context())
				back := 0
				for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); {
					link := v.network.Last()
					down(v.network)
					answered := make(chan struct{})
					go func() { // what waits makes the link's death known soon
						defer close(answered)
						v.Call(v.Context(), api.CallRequest{Instance: virtualID, Tool: "none such"}, nil)
					}()
					time.Sleep(time.Second)
					v.network.Usually(sessiontest.Connected)
					link.Release(sessiontest.ToAcceptor)
					link.Release(sessiontest.ToDialer)
					time.Sleep(3 * time.Second)
					if i := v.see(); i.RawState == api.Active {
						<-answered
						back++
					}
				}
				i := v.see()
				if states := seen(); len(states) > 1 || i.State != api.Active {
					v.Errorf("shown were %v", states)
				}
				if back < 20 {
					v.Errorf("back %d times", back)
				}
				if name == "stalled" { // to which the session gets used
					return
				}
				if !i.Unsteady || i.RecentLosses < 20 || i.Health.Quality > 0.5 {
					v.Errorf("%+v, %+v", i, i.Health)
				}
				h, err := v.History(v.Context(), virtualID)
				if err != nil || len(h.Changes) < 40 {
					v.Errorf("%d changes in the history, %v", len(h.Changes), err)
				}
				time.Sleep(3 * time.Minute)
				if i := v.see(); i.State != api.Active || i.RawState != api.Active || i.Unsteady || i.RecentLosses > 0 {
					v.Errorf("afterwards: %+v", i)
				}
			})
		})
	}
}

// An outage shows, and its end at once.
func TestH1_OutageIsShown(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		seen := v.watchStates(v.Context())
		v.network.Usually(sessiontest.Refused)
		v.network.Last().Cut()
		if i := v.see(); i.State != api.Active || i.RawState != api.Retrying || i.ConnectedSince != nil {
			v.Errorf("at first: %+v", i)
		}
		time.Sleep(30 * time.Second) // nobody asks meanwhile
		synctest.Wait()
		if states := seen(); !slices.Equal(states, []api.State{api.Active, api.Retrying}) {
			v.Errorf("a watcher was shown %v", states)
		}
		if i := v.see(); i.State != api.Retrying || i.Breaker != "closed" {
			v.Errorf("after 30 s: %+v", i)
		}
		v.network.Usually(sessiontest.Connected)
		v.shows(api.Active, 2*time.Second)

		v.network.Usually(sessiontest.Refused)
		v.network.Last().Cut()
		time.Sleep(5 * time.Minute)
		if i := v.see(); i.State != api.Retrying || i.Breaker == "closed" || i.NextAttemptAt == nil {
			v.Errorf("after minutes: %+v", i)
		}
		v.network.Usually(sessiontest.Connected)
	})
}

// Nobody is shown as active who was not heard of for the window.
func TestH3_NeverActivePastTheWindow(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		v.network.Usually(sessiontest.Swallowed)
		v.network.Last().CutAfter(sessiontest.ToDialer, 0, sessiontest.OneWay)
		heard := *v.see().LastHeardAt
		for time.Since(heard) < 10*time.Minute {
			i := v.see()
			if silent := time.Since(*i.LastHeardAt); i.State == api.Active && silent > session.DefaultWindow {
				v.Fatalf("active after %v of silence", silent)
			}
			time.Sleep(50 * time.Millisecond)
		}
		if i := v.see(); i.State != api.Retrying {
			v.Errorf("%+v", i)
		}
	})
}
