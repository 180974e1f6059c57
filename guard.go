package brum

import (
	"context"
	"sync"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// Guard lets sessions act on what happens to the machine, at once instead of when their timers
// say so:
//
//   - before a sleep they are held, so that nobody is judged by a silence that is the machine's;
//   - after it each probes its link, and opens a TCP connection meanwhile (not over loopback,
//     where that takes no time), which the upgrade uses should the probe fail: healthy links are
//     kept;
//   - when the network goes, sessions that need it are held, over sleeps too; when it comes back,
//     or the path has changed, they probe and dial at once;
//   - sessions over loopback are left alone but for sleep, and dark wakes change nothing.
//
// The state changes and resumes that follow name [session.TriggerWake] or
// [session.TriggerNetwork]. Methods may be called concurrently.
type Guard struct {
	monitor *power.Monitor
	events  *power.Subscription
	todo    chan func()    // for the loop
	ended   chan struct{}  // closed when the loop has ended
	told    sync.WaitGroup // calls that come, or are under way, when sessions end

	// The loop owns what follows. So holds and what ends them have one order.
	sessions map[*session.Session]*guarded
	release  func() // of the suspend hook; nil while there is no session
}

// NewGuard returns a guard that acts on m's events until Close.
func NewGuard(m *power.Monitor) *Guard {
	g := &Guard{monitor: m, todo: make(chan func()), ended: make(chan struct{}), sessions: make(map[*session.Session]*guarded)}
	g.events = m.Subscribe(power.SuspendCanceled, power.Resume, power.NetworkDown, power.NetworkUp, power.NetworkChange)
	go g.loop()
	return g
}

// Dial is [Dial] for a session that the guard looks after until it ends. After Close it is just
// that.
func (g *Guard) Dial(rawURL string, cfg *session.Config, o *wsconn.DialOptions) (*session.Session, error) {
	var options wsconn.DialOptions
	if o != nil {
		options = *o
	}
	warm := newWarmDialer(options.DialContext)
	options.DialContext = warm.dial
	s, err := Dial(rawURL, cfg, &options)
	if err != nil {
		return nil, err
	}
	g.add(&guarded{session: s, target: targetOf(rawURL), warm: warm})
	return s, nil
}

// Watch looks after s, which was accepted or dialled in another way, until it ends. It does
// nothing for a session that is looked after already, nor after Close.
func (g *Guard) Watch(s *session.Session) { g.add(&guarded{session: s}) }

// Close stops acting on events. The sessions stay as they are; those that were held go on. Close
// waits for what is being done. It may be called more than once.
func (g *Guard) Close() error {
	g.events.Close()
	<-g.ended
	g.told.Wait()
	return nil
}

// do has the loop call f, and returns when it has. It reports false, without the call, if the
// loop has ended.
func (g *Guard) do(f func()) bool {
	done := make(chan struct{})
	select {
	case g.todo <- func() { defer close(done); f() }:
		<-done
		return true
	case <-g.ended:
		return false
	}
}

// loop acts on events. Nothing in it waits.
func (g *Guard) loop() {
	defer close(g.ended)
	defer g.letGo()
	for {
		select {
		case e, open := <-g.events.C:
			if !open {
				return
			}
			g.act(e)
		case f := <-g.todo:
			open := g.catchUp()
			f()
			if !open {
				return
			}
		}
	}
}

// catchUp acts on the events that were there before something else is done. It reports false
// when there will be no more.
func (g *Guard) catchUp() bool {
	for {
		select {
		case e, open := <-g.events.C:
			if !open {
				return false
			}
			g.act(e)
		default:
			return true
		}
	}
}

// letGo is the end of the loop.
func (g *Guard) letGo() {
	for _, x := range g.sessions {
		x.letGo()
		if x.unwatch() {
			g.told.Done()
		}
	}
	if g.release != nil {
		g.release()
	}
}

func (g *Guard) add(x *guarded) {
	g.do(func() {
		if g.sessions[x.session] != nil {
			return
		}
		g.sessions[x.session] = x
		if g.release == nil {
			// While there is no session the system does not have to wait for us before it sleeps.
			g.release = g.monitor.OnSuspend(g.beforeSleep)
		}
		if !reachable(x, g.monitor.Status()) {
			x.hold(session.TriggerNetwork)
		}
		g.told.Add(1)
		x.unwatch = x.session.AfterEnd(func() {
			defer g.told.Done()
			g.do(func() { g.forget(x) })
		})
	})
}

// forget drops a session that has ended.
func (g *Guard) forget(x *guarded) {
	delete(g.sessions, x.session)
	x.warm.close()
	if len(g.sessions) == 0 {
		g.release()
		g.release = nil
	}
}

// beforeSleep is the suspend hook. A late one must not hold sessions after the wake.
func (g *Guard) beforeSleep(ctx context.Context) {
	g.do(func() {
		if ctx.Err() != nil {
			return
		}
		for _, x := range g.sessions {
			x.hold(session.TriggerWake)
		}
	})
}

func (g *Guard) act(e power.Event) {
	s := g.monitor.Status()
	for _, x := range g.sessions {
		switch e.Kind {
		case power.SuspendCanceled, power.Resume:
			x.awake(e, reachable(x, s))
		default:
			x.network(e)
		}
	}
}

// reachable reports whether there is any way to the peer, as far as is known now: where the
// networks can't be looked at nobody is held.
func reachable(x *guarded, s power.Status) bool {
	return s.NetworkErr != nil || x.reachable(s.Network)
}
