package brum_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/power/powertest"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
	"github.com/standardbeagle/brum/wsconn"
)

// laptop is a machine with one session to a peer elsewhere, or on the machine itself.
type laptop struct {
	*powertest.Machine
	guard   *brum.Guard
	network *sessiontest.Network
	session *session.Session
	peer    *session.Session
	dials   atomic.Int32 // TCP connections that were asked for
	down    atomic.Bool  // they fail
}

const elsewhere, here = "ws://192.0.2.1", "ws://127.0.0.1"

// onLaptop runs f on a laptop in virtual time.
func onLaptop(t *testing.T, target string, f func(t *testing.T, l *laptop)) {
	synctest.Test(t, func(t *testing.T) {
		l := &laptop{Machine: powertest.New(t), network: sessiontest.NewNetwork()}
		acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: chaosKey}})
		if err != nil {
			t.Fatal(err)
		}
		handler := brum.Handler(acceptor, &wsconn.AcceptOptions{Access: wsconn.Access{Hosts: []string{"192.0.2.1"}}})
		server := wsconn.NewServer(handler, &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
		var serving sync.WaitGroup
		serving.Go(func() { server.Serve(l.network.Listener()) })
		l.guard = brum.NewGuard(l.Monitor)
		l.session, err = l.guard.Dial(target, &session.Config{Key: chaosKey}, &wsconn.DialOptions{
			DialContext: l.dial,
			Proxy:       func(*http.Request) (*url.URL, error) { return nil, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if l.peer, err = acceptor.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		f(t, l)

		l.guard.Close()
		l.session.CloseNow()
		l.peer.CloseNow()
		server.Close()
		l.network.Close()
		serving.Wait()
		time.Sleep(time.Minute) // whatever was opened ahead expires
	})
}

func (l *laptop) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.dials.Add(1)
	if l.down.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: context.DeadlineExceeded}
	}
	conn, err := l.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	remote := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))
	local := &net.TCPAddr{IP: net.IPv4(192, 168, 1, 7), Port: 50000} // at home
	switch {
	case remote.IP.IsLoopback():
		local.IP = remote.IP
	case slices.ContainsFunc(l.Network().Addrs, func(p netip.Prefix) bool { return p.Addr().String() == "10.20.30.40" }):
		local.IP = net.IPv4(10, 20, 30, 40)
	}
	return &addressed{conn, local, remote}, nil
}

// addressed is a connection with the addresses that it would have.
type addressed struct {
	net.Conn
	local, remote net.Addr
}

func (c *addressed) LocalAddr() net.Addr  { return c.local }
func (c *addressed) RemoteAddr() net.Addr { return c.remote }

func (l *laptop) links(t *testing.T, want int) {
	t.Helper()
	if s := l.session.Stats(); s.State != session.Active || s.Resumes != uint64(want) {
		t.Errorf("%v after %d resumes, want active after %d", s.State, s.Resumes, want)
	}
}

func (l *laptop) lastTrigger(t *testing.T, want session.Trigger) {
	t.Helper()
	last := l.session.Stats().LastResume
	if last == nil || last.Trigger != want {
		t.Errorf("the last resume is %+v, want one for %v", last, want)
	}
}

// H6, in virtual time: before a sleep the session is held; after it a healthy link is probed and
// kept, and a dead one replaced over the connection that was opened meanwhile.
func TestH6_SleepAndWake(t *testing.T) {
	for _, dead := range []bool{false, true} {
		onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
			l.Suspend()
			if got := l.session.State(); got != session.Suspect {
				t.Errorf("about to sleep: %v", got)
			}
			if dead {
				l.network.Last().Stall(sessiontest.ToAcceptor)
				l.network.Last().Stall(sessiontest.ToDialer)
			}
			l.Sleep(8 * time.Hour)
			began := time.Now()
			l.Resume()
			synctest.Wait()
			if dead {
				for l.session.State() != session.Active {
					time.Sleep(time.Millisecond)
				}
				if took := time.Since(began); took > 1600*time.Millisecond {
					t.Errorf("resumed after %v", took)
				}
				l.links(t, 1)
				l.lastTrigger(t, session.TriggerWake)
			} else {
				l.links(t, 0)
			}
			if n := l.dials.Load(); n != 2 {
				t.Errorf("%d TCP connections, want one that was opened ahead", n-1)
			}
		})
	}
}

// A sleep that is called off changes nothing; a dark wake neither.
func TestNoWake(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.Suspend()
		l.SuspendCanceled()
		synctest.Wait()
		l.links(t, 0)
		l.Sleep(time.Minute)
		l.DarkWake()
		time.Sleep(10 * time.Second)
		l.links(t, 0)
		if n := l.dials.Load(); n != 1 {
			t.Errorf("%d dials", n-1)
		}
	})
}

// Where the network is not there yet after a wake, its coming up makes the attempt, not a timer.
func TestWakeBeforeTheNetwork(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.Suspend()
		l.Sleep(time.Hour)
		l.network.Last().Cut()
		l.down.Store(true)
		l.SetNetwork(powertest.Offline)
		l.Resume()
		time.Sleep(4 * time.Minute)
		tried := l.dials.Load()
		l.down.Store(false)
		l.SetNetwork(powertest.Home)
		synctest.Wait()
		l.links(t, 1)
		if n := l.dials.Load(); n != tried+1 {
			t.Errorf("%d dials when the network came up", n-tried)
		}
		if tried > 12 {
			t.Errorf("%d dials in 4 minutes offline", tried)
		}
	})
}

// G2: another network: the session moves over at once, before anything has timed out.
func TestG2_AnotherNetwork(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.network.Last().Stall(sessiontest.ToAcceptor)
		l.network.Last().Stall(sessiontest.ToDialer)
		l.SetNetwork(powertest.Work)
		synctest.Wait() // no time passes
		l.links(t, 1)
		l.lastTrigger(t, session.TriggerNetwork)
	})
}

// H3: offline, nothing is dialled and nobody is judged; the state tells.
func TestH3_Offline(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.SetNetwork(powertest.Offline)
		l.down.Store(true)
		l.network.Last().Stall(sessiontest.ToAcceptor)
		l.network.Last().Stall(sessiontest.ToDialer)
		time.Sleep(4 * time.Minute)
		if s := l.session.Stats(); s.State != session.Suspect || l.dials.Load() != 1 {
			t.Errorf("%v after %d dials", s.State, l.dials.Load()-1)
		}
		l.down.Store(false)
		l.SetNetwork(powertest.Home)
		time.Sleep(2 * time.Second)
		if got := l.session.State(); got != session.Active {
			t.Errorf("%v", got)
		}
	})
}

// G3: without any network sessions over loopback stay as they are, also those made then.
func TestG3_LoopbackIsLeftAlone(t *testing.T) {
	onLaptop(t, here, func(t *testing.T, l *laptop) {
		for _, n := range []powertest.Network{powertest.Offline, powertest.Home, powertest.Work, powertest.Offline} {
			l.SetNetwork(n)
			time.Sleep(time.Minute)
			l.links(t, 0)
		}
		if n := l.dials.Load(); n != 1 {
			t.Errorf("%d dials", n-1)
		}
		l.Suspend()
		l.Sleep(time.Hour)
		l.Resume()
		time.Sleep(time.Second)
		l.links(t, 0)
		if n := l.dials.Load(); n != 1 {
			t.Errorf("%d connections opened ahead over loopback", n-1)
		}
		l.network.Last().Cut()
		time.Sleep(time.Second)
		l.links(t, 1) // nothing keeps it from dialing
	})
}

// H3: who was offline before a sleep and still is after it dials nobody and judges nobody.
func TestH3_OfflineOverSleep(t *testing.T) {
	for _, canceled := range []bool{false, true} {
		onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
			l.SetNetwork(powertest.Offline)
			l.network.Last().Stall(sessiontest.ToAcceptor)
			l.network.Last().Stall(sessiontest.ToDialer)
			time.Sleep(time.Second)
			l.Suspend()
			if canceled {
				l.SuspendCanceled()
			} else {
				l.Sleep(time.Hour)
				l.Resume()
			}
			time.Sleep(4 * time.Minute)
			if s := l.session.Stats(); s.State != session.Suspect || s.Resumes != 0 || l.dials.Load() != 1 {
				t.Errorf("canceled %t: %v, %d resumes, %d dials", canceled, s.State, s.Resumes, l.dials.Load()-1)
			}
			l.SetNetwork(powertest.Home)
			synctest.Wait()
			l.links(t, 1)
			l.lastTrigger(t, session.TriggerNetwork)
		})
	}
}

// A neighbour is reached again when its network is back, though no default route came with it
// and the local address is what it was.
func TestHeldNeighbour(t *testing.T) {
	lan := powertest.Network{{Name: "eth0", Addrs: []string{"192.168.1.7/24", "192.0.2.9/24"}}}
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.SetNetwork(lan)
		time.Sleep(5 * time.Second)
		l.SetNetwork(powertest.Offline)
		time.Sleep(5 * time.Second)
		if got := l.session.State(); got != session.Suspect {
			t.Errorf("offline: %v", got)
		}
		l.SetNetwork(lan)
		synctest.Wait()
		if got := l.session.State(); got != session.Active {
			t.Errorf("the neighbour is back: %v", got)
		}
	})
}

// Where the networks can't be looked at, nobody is kept from trying.
func TestBlindGuardHoldsNobody(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.SetNetwork(powertest.Offline)
		synctest.Wait()
		l.Blind(errors.New("not permitted"))
		time.Sleep(time.Second)
		l.guard.Watch(l.peer)
		if got := l.peer.State(); got != session.Active {
			t.Errorf("%v", got)
		}
	})
}

// What was opened ahead on the old path is not taken on the new one.
func TestOpenedAheadOnTheOldPath(t *testing.T) {
	onLaptop(t, elsewhere, func(t *testing.T, l *laptop) {
		l.Suspend()
		l.Sleep(time.Hour)
		l.Resume()
		time.Sleep(time.Second)
		l.SetNetwork(powertest.Work)
		synctest.Wait()
		l.links(t, 1)
		conn, ok := l.session.Conn().(interface{ LocalAddr() net.Addr })
		if !ok || !strings.HasPrefix(conn.LocalAddr().String(), "10.20.30.40:") {
			t.Errorf("the new link comes from the old address: %v", conn)
		}
	})
}
