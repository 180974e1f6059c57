package power_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/powertest"
)

func TestG2_TheFirstChangeIsToldAtOnceTheRestGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t, power.WithDebounce(time.Second))
		s := m.Subscribe()
		none(t, s) // the looks after the start are over
		began := time.Now()
		m.SetNetwork(powertest.Offline)
		if e := next(t, s); e.Kind != power.NetworkDown || time.Since(began) != 0 {
			t.Fatalf("got %v after %v", e.Kind, time.Since(began))
		}
		for range 20 { // it flaps
			m.SetNetwork(powertest.Home)
			m.SetNetwork(powertest.Offline)
			m.SetNetwork(powertest.Work)
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		e := next(t, s)
		if e.Kind != power.NetworkUp || e.Net.New.Default4.Interface != "eth0" || time.Since(began) != time.Second {
			t.Fatalf("got %v after %v", e.Kind, time.Since(began))
		}
		none(t, s)
	})
}

func TestG2_NoiseDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		s := m.Subscribe()
		noisy := append(powertest.Network{{Name: "veth0", Addrs: []string{"172.17.0.9/16"}}}, powertest.Home...)
		for range 100 {
			m.SetNetwork(noisy)
			m.SetNetwork(powertest.Home)
		}
		synctest.Wait()
		began := time.Now()
		m.SetNetwork(powertest.Offline)
		if e := next(t, s); e.Kind != power.NetworkDown || time.Since(began) > 100*time.Millisecond {
			t.Fatalf("got %v after %v", e.Kind, time.Since(began))
		}
	})
}

func TestTheNetworkIsLookedAtAfterAWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		s := m.Subscribe()
		time.Sleep(time.Second)     // the looks after the start are over
		m.Break(errors.New("deaf")) // the change itself is not told
		m.SetNetwork(powertest.Work)
		m.Sleep(time.Hour)
		m.Mend()
		if a, b := next(t, s), next(t, s); a.Kind != power.Resume || b.Kind != power.NetworkChange || b.Sleep != 1 {
			t.Errorf("got %v, %v", a.Kind, b.Kind)
		}
	})
}

func TestWaitOnline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		if err := m.WaitOnline(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := m.Subscribe(power.NetworkDown)
		m.SetNetwork(powertest.Offline)
		next(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := m.WaitOnline(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("offline: %v", err)
		}
		online := make(chan error)
		for range 3 {
			go func() { online <- m.WaitOnline(t.Context()) }()
		}
		synctest.Wait()
		m.SetNetwork(powertest.Network{{Name: "eth0", Addrs: []string{"10.0.0.1/8"}}}) // no way out
		m.SetNetwork(powertest.Work)
		for range 3 {
			if err := <-online; err != nil {
				t.Error(err)
			}
		}
		if !m.Network().Online() {
			t.Error("it is not online")
		}
	})
}

func TestALookThatFailsIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("no sockets left")
		m := start(t)
		if m.Status().NetworkErr != nil {
			t.Fatal("too early")
		}
		failing, mend := failingNetwork(t, cause)
		s := failing.Subscribe(power.NetworkUp)
		if err := failing.Status().NetworkErr; !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute)
		mend()
		began := time.Now()
		next(t, s)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
