package brum

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/power/powertest"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// opener opens connections that never end, or makes who asks wait.
type opener struct {
	opened chan net.Conn
	stuck  bool
}

func (o *opener) open(ctx context.Context, _, _ string) (net.Conn, error) {
	if o.stuck {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	conn, _ := net.Pipe()
	o.opened <- conn
	return conn, nil
}

func closed(c net.Conn) bool { return c.SetDeadline(time.Time{}) != nil }

// warmed returns a dialer that has dialled once, and what it opened ahead after that.
func warmed(t *testing.T) (*warmDialer, *opener, net.Conn) {
	t.Helper()
	o := &opener{opened: make(chan net.Conn, 10)}
	d := newWarmDialer(o.open)
	d.warmUp() // not known where to
	if _, err := d.dial(t.Context(), "tcp", "a:1"); err != nil {
		t.Fatal(err)
	}
	<-o.opened
	d.warmUp()
	d.warmUp()
	synctest.Wait()
	if len(o.opened) != 1 {
		t.Fatalf("%d connections opened ahead", len(o.opened))
	}
	return d, o, <-o.opened
}

func TestWarmConnection(t *testing.T) {
	dial := func(d *warmDialer, address string) net.Conn {
		conn, err := d.dial(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for name, c := range map[string]struct {
		do    func(d *warmDialer)
		to    string
		taken bool
	}{
		"taken":            {func(*warmDialer) {}, "a:1", true},
		"another address":  {func(*warmDialer) {}, "b:1", false},
		"too late":         {func(*warmDialer) { time.Sleep(warmFor + 1) }, "a:1", false},
		"the path changed": {func(d *warmDialer) { d.drop() }, "a:1", false},
		"closed":           {func(d *warmDialer) { d.close() }, "a:1", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, _, ahead := warmed(t)
			c.do(d)
			conn := dial(d, c.to)
			synctest.Wait()
			if taken := conn == wsconn.Ahead(ahead); taken != c.taken || closed(ahead) == c.taken {
				t.Errorf("%s: taken %t, closed %t", name, taken, closed(ahead))
			}
			if c.taken { // it is the dialler's now
				time.Sleep(2 * warmFor)
				if closed(ahead) {
					t.Errorf("%s: closed after it was taken", name)
				}
			}
			d.close()
		})
	}
}

// After the end nothing is opened ahead.
func TestWarmDialerClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, o, ahead := warmed(t)
		d.close()
		d.warmUp()
		synctest.Wait()
		if len(o.opened) > 0 || d.ahead != nil || !closed(ahead) {
			t.Errorf("%d opened, the old one closed %t", len(o.opened), closed(ahead))
		}
	})
}

// A connection request that was lost before the network was up makes no dial wait.
func TestWarmConnectionThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, o, _ := warmed(t)
		d.drop()
		o.stuck = true
		d.warmUp()
		synctest.Wait()
		o.stuck = false
		began := time.Now()
		if _, err := d.dial(t.Context(), "tcp", "a:1"); err != nil || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// A hook that runs only after the wake, since the system did not wait for it, holds nobody.
func TestLateSuspendHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(powertest.New(t).Monitor)
		s, err := session.Dial(func(context.Context, []byte) (session.Conn, []byte, error) {
			return nil, nil, errors.New("nobody is there")
		}, &session.Config{Key: make([]byte, 32)})
		if err != nil {
			t.Fatal(err)
		}
		g.Watch(s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, want := range []session.Trigger{session.TriggerWake, session.TriggerNone} {
			g.beforeSleep(ctx)
			var held session.Trigger
			g.do(func() {
				held = g.sessions[s].held
				g.sessions[s].held = session.TriggerNone
			})
			if held != want {
				t.Errorf("held for %v, want %v", held, want)
			}
			cancel()
		}
		g.Close()
		s.CloseNow()
	})
}
