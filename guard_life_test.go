package brum_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/powertest"
)

// A session that has ended leaves the guard by itself, and with the last one goes the hook.
func TestGuardForgetsEnded(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.session.CloseNow()
		synctest.Wait()
		if n := l.Status().Hooks; n != 0 {
			t.Errorf("%d hooks without a session", n)
		}
		l.Suspend()
		l.Sleep(time.Hour)
		l.Resume()
		synctest.Wait()
		if n := l.dials.Load(); n != 1 {
			t.Errorf("%d dials for a session that has ended", n-1)
		}
	})
}

// Close beside a suspension leaves nobody held, whichever comes first.
func TestGuardCloseBesideSuspend(t *testing.T) {
	for range 30 {
		onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
			var both sync.WaitGroup
			both.Go(l.Suspend)
			both.Go(func() { l.guard.Close() })
			both.Wait()
			synctest.Wait()
			l.links(t, 0)
			l.guard.Close()
			l.guard.Watch(l.peer)
		})
	}
}

// Whoever has seen a Resume finds the contexts of suspend hooks done: so a late hook knows.
func TestResumeEndsHooksFirst(t *testing.T) {
	m := powertest.New(t)
	hooked := make(chan context.Context, 1)
	m.OnSuspend(func(ctx context.Context) {
		hooked <- ctx
		<-ctx.Done()
	})
	for range 5000 { // it takes a while to tell them all
		m.Subscribe(power.Resume)
	}
	events := m.Subscribe(power.Resume)
	for range 20 {
		go m.Suspend()
		ctx := <-hooked
		m.Sleep(time.Hour)
		go m.Resume()
		for told := false; !told; { // as soon as can be
			select {
			case <-events.C:
				told = true
			default:
			}
		}
		if ctx.Err() == nil {
			t.Fatal("a Resume came before its hooks' end")
		}
	}
}

// The system waits for a guard only while that has sessions, and a closed guard lets go.
func TestGuardLetsGo(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		if n := l.Status().Hooks; n != 1 {
			t.Errorf("%d hooks with a session", n)
		}
		l.Suspend()
		l.guard.Close()
		synctest.Wait()
		l.links(t, 0)
		if n := l.Status().Hooks; n != 0 {
			t.Errorf("%d hooks after Close", n)
		}
	})
}

// Looking after a session takes no goroutine.
func TestGuardWatchesWithoutGoroutines(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		synctest.Wait()
		before := runtime.NumGoroutine()
		l.guard.Watch(l.peer)
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 0 {
			t.Errorf("%d goroutines for a session that is looked after", n)
		}
	})
}
