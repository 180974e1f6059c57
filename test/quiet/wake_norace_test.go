//go:build !race && !integration

package quiet

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/power/powertest"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// H2 is about so many instances, all back within that.
const (
	wakeSessions = 50
	wakeBound    = time.Second
)

// awakening is a machine whose hub has sessions to many instances, each over a WebSocket on
// loopback, by way of a proxy.
type awakening struct {
	*powertest.Machine
	server  string
	path    atomic.Pointer[faultproxy.Proxy] // that new connections take
	watched []*watched
}

// watched is a session of the hub's, with what is measured on it.
type watched struct {
	*session.Session
	peer    *session.Session
	changes chan session.Change

	mu    sync.Mutex
	event time.Time // zero: nothing is measured
	probe time.Time // of the first byte after the event
}

// wire notes when bytes are written.
type wire struct {
	net.Conn
	w *watched
}

func (c wire) Write(p []byte) (int, error) {
	c.w.mu.Lock()
	if !c.w.event.IsZero() && c.w.probe.IsZero() {
		c.w.probe = time.Now()
	}
	c.w.mu.Unlock()
	return c.Conn.Write(p)
}

func awake(t *testing.T) *awakening {
	a := &awakening{Machine: powertest.New(t)}
	key := []byte("0123456789abcdef0123456789abcdef")
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	a.server = ln.Addr().String()
	a.newPath(t)

	hub, instances := brum.NewGuard(a.Monitor), brum.NewGuard(a.Monitor)
	t.Cleanup(func() { hub.Close(); instances.Close() })
	for range wakeSessions {
		w := &watched{changes: make(chan session.Change, 100)}
		w.Session, err = hub.Dial("ws://"+a.server, &session.Config{Key: key}, &wsconn.DialOptions{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, a.path.Load().Addr())
				if err != nil {
					return nil, err
				}
				return wire{conn, w}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		changes := w.Watch(context.Background())
		go func() {
			for c := range changes {
				w.changes <- c
			}
		}()
		if w.peer, err = acceptor.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		instances.Watch(w.peer)
		t.Cleanup(func() { w.CloseNow(); w.peer.CloseNow() })
		a.watched = append(a.watched, w)
	}
	a.settle(t)
	return a
}

// newPath makes connections to come go another way, and returns the way of those that are there.
func (a *awakening) newPath(t *testing.T) (old *faultproxy.Proxy) {
	t.Helper()
	p, err := faultproxy.New(a.server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return a.path.Swap(p)
}

// settle waits until all links are good, their round trips known, and nothing is on its way.
func (a *awakening) settle(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for _, w := range a.watched {
		for s := w.Stats(); s.State != session.Active || s.RTT == 0 || s.UnackedMessages > 0 || w.peer.State() != session.Active; s = w.Stats() {
			if time.Now().After(deadline) {
				t.Fatalf("%v after %v", s.State, s.LastError)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// wake takes the machine through a sleep, in which something happens, and tells for each session
// how long after the wake its probe was written and it was active again.
func (a *awakening) wake(t *testing.T, asleep func(*watched)) (probed, active []time.Duration) {
	t.Helper()
	a.settle(t)
	a.Suspend()
	for _, w := range a.watched {
		if got := w.State(); got != session.Suspect {
			t.Fatalf("asleep, a session is %v", got)
		}
		for len(w.changes) > 0 {
			<-w.changes
		}
		asleep(w)
	}
	a.Sleep(8 * time.Hour)
	event := time.Now()
	for _, w := range a.watched {
		w.mu.Lock()
		w.event, w.probe = event, time.Time{}
		w.mu.Unlock()
	}
	a.Resume()
	for i, w := range a.watched {
		active = append(active, w.activeAt(t, i).Sub(event))
		w.mu.Lock()
		probed = append(probed, w.probe.Sub(event))
		w.event = time.Time{}
		w.mu.Unlock()
	}
	return probed, active
}

func (w *watched) activeAt(t *testing.T, i int) time.Time {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case c := <-w.changes:
			if c.To == session.Active {
				return c.At
			}
		case <-timeout:
			t.Fatalf("session %d is still %v", i, w.State())
		}
	}
}

// H2: after a wake 50 healthy links are confirmed by an answer of their peers within a second,
// and none is replaced. The best of some rounds counts: the machine's other work can only make it
// look worse.
func TestH2_HealthyLinksAreConfirmed(t *testing.T) {
	a := awake(t)
	before := make([]session.Stats, wakeSessions)
	for i, w := range a.watched {
		before[i] = w.Stats()
	}
	rounds(t, "confirmed", func() (probed, active []time.Duration) {
		return a.wake(t, func(*watched) {})
	})
	if n := a.path.Load().Counters().Accepted; n != wakeSessions {
		t.Errorf("%d connections for %d sessions", n, wakeSessions)
	}
	for i, w := range a.watched {
		if s := w.Stats(); s.Resumes != 0 || s.Attempt != before[i].Attempt || !s.ConnectedSince.Equal(before[i].ConnectedSince) {
			t.Errorf("the link of session %d was replaced: %+v", i, s)
		}
	}
}

// H2: when all 50 links died in the sleep, without a word, all sessions are resumed within a
// second of the wake, and what was sent meanwhile arrives once.
func TestH2_DeadLinksAreResumed(t *testing.T) {
	a := awake(t)
	resumes, sent := uint64(0), 0
	rounds(t, "resumed", func() (probed, active []time.Duration) {
		a.settle(t)
		old := a.newPath(t)
		old.Blackhole()
		sent++
		probed, active = a.wake(t, func(w *watched) {
			if err := w.Send(t.Context(), fmt.Append(nil, sent)); err != nil {
				t.Fatal(err)
			}
		})
		resumes++
		for i, w := range a.watched {
			if s := w.Stats(); s.Resumes != resumes || s.LastResume.Trigger != session.TriggerWake {
				t.Errorf("session %d: %d resumes, the last %+v", i, s.Resumes, s.LastResume)
			}
			if msg, err := w.peer.Receive(t.Context()); err != nil || string(msg) != fmt.Sprint(sent) {
				t.Errorf("session %d: %q, %v; want %d", i, msg, err, sent)
			}
		}
		old.Close()
		return probed, active
	})
}

// rounds measures a few times and holds the best against the bound.
func rounds(t *testing.T, what string, once func() (probed, active []time.Duration)) {
	t.Helper()
	const least, most = 3, 6
	var slowest []time.Duration
	for len(slowest) < least || len(slowest) < most && slices.Min(slowest) > wakeBound {
		probed, active := once()
		if slices.Min(probed) < 0 {
			t.Fatalf("a session was not probed: %v", probed)
		}
		t.Logf("%d sessions after the wake: first byte of the probe %s; %s %s", len(active), spread(probed), what, spread(active))
		slowest = append(slowest, slices.Max(active))
	}
	if best := slices.Min(slowest); best > wakeBound {
		t.Errorf("all %d sessions were %s after %v at best, the bound is %v", wakeSessions, what, best, wakeBound)
	}
}

func spread(took []time.Duration) string {
	worst := p99(took) // sorts
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v p99 %v max %v", round(took[len(took)/2]), round(worst), round(took[len(took)-1]))
}
