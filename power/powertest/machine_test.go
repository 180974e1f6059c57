package powertest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/powertest"
)

// pinger stands for what uses power: it takes a Monitor, a real one or that of a Machine.
type pinger struct {
	pings  chan power.Event
	paused chan struct{}
}

func newPinger(ctx context.Context, m *power.Monitor) *pinger {
	p := &pinger{pings: make(chan power.Event, 16), paused: make(chan struct{}, 1)}
	m.OnSuspend(func(context.Context) { p.paused <- struct{}{} })
	events := m.Subscribe(power.Resume, power.NetworkUp)
	go func() {
		defer events.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case e, open := <-events.C:
				if !open {
					return
				}
				p.pings <- e
			}
		}
	}()
	return p
}

func TestAScriptInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		machine := powertest.New(t)
		p := newPinger(t.Context(), machine.Monitor)

		machine.Suspend()
		<-p.paused
		machine.Sleep(8 * time.Hour)
		machine.Resume()
		if e := <-p.pings; e.Kind != power.Resume || e.Slept != 8*time.Hour {
			t.Errorf("got %+v", e)
		}

		machine.Sleep(time.Minute)
		machine.DarkWake()
		machine.ClockStep(time.Hour)
		machine.SetNetwork(powertest.Offline)
		time.Sleep(time.Second)
		machine.SetNetwork(powertest.Work)
		if e := <-p.pings; e.Kind != power.NetworkUp || e.Net.New.Default4.Interface != "eth0" {
			t.Errorf("got %+v", e)
		}
	})
}

func TestAScriptInRealTime(t *testing.T) {
	machine := powertest.New(t)
	dark := machine.Subscribe(power.DarkWake)
	machine.Sleep(time.Minute)
	machine.DarkWake() // does not wait for it to be told from a full wake
	if e := <-dark.C; e.Slept != time.Minute {
		t.Errorf("got %+v", e)
	}
	network := machine.Subscribe(power.NetworkChange)
	machine.SetNetwork(powertest.Network{{Name: "tun0", Addrs: []string{"10.8.0.2/24"}, Gateways: []string{"10.8.0.1"}}})
	if e := <-network.C; !e.Net.Major {
		t.Errorf("got %+v", e)
	}
}

func TestSeveralMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := powertest.New(t), powertest.New(t)
		ofA, ofB := a.Subscribe(), b.Subscribe()
		a.Sleep(time.Hour)
		a.Resume()
		if e := <-ofA.C; e.Kind != power.Resume {
			t.Errorf("got %v", e.Kind)
		}
		synctest.Wait()
		if len(ofB.C) != 0 || b.SleepTime() != 0 {
			t.Error("one machine woke the other")
		}
	})
}

func TestBreakTellsTheStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		machine := powertest.New(t)
		cause := errors.New("no bus")
		machine.Break(cause)
		synctest.Wait()
		if b := machine.Status().Backends[0]; b.Source != powertest.Source || b.State != power.Failed || !errors.Is(b.Err, cause) {
			t.Errorf("got %+v", b)
		}
		machine.Suspend() // nobody hears, nobody waits
		machine.Mend()
		time.Sleep(time.Minute)
		if s := machine.Status().Backends[0].State; s != power.Active {
			t.Errorf("got %v", s)
		}
	})
}
