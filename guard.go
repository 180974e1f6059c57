package brum

import (
	"context"
	"net"
	"net/url"
	"sync"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// Guard lets sessions act on what happens to the machine, at once instead of when their timers
// say so:
//
//   - before a sleep they are held, so that nobody is judged by a silence that is the machine's;
//   - after it each probes its link, and opens a TCP connection meanwhile, which the upgrade
//     uses should the probe fail: healthy links are kept;
//   - when the network goes, sessions that need it are held; when it comes back, or the path has
//     changed, they probe and dial at once;
//   - sessions over loopback are left alone but for sleep, and dark wakes change nothing.
//
// The state changes and resumes that follow name [session.TriggerWake] or
// [session.TriggerNetwork]. Methods may be called concurrently.
type Guard struct {
	monitor *power.Monitor
	events  *power.Subscription
	ended   chan struct{} // closed when the goroutine has ended

	mu sync.Mutex
	// guards following
	sessions map[*session.Session]*guarded
	release  func() // of the suspend hook; nil while there is no session
	closed   bool
}

// guarded is a session and how its peer is reached.
type guarded struct {
	session *session.Session
	target  net.Addr // of the dialing side, nil if only a resolver knows
	warm    *warmDialer
	last    [2]net.Addr // the path of its last link
}

// NewGuard returns a guard that acts on m's events until Close.
func NewGuard(m *power.Monitor) *Guard {
	g := &Guard{monitor: m, ended: make(chan struct{}), sessions: make(map[*session.Session]*guarded)}
	g.events = m.Subscribe(power.SuspendCanceled, power.Resume, power.NetworkDown, power.NetworkUp, power.NetworkChange)
	go g.run()
	return g
}

// Dial is [Dial] for a session that the guard looks after until it ends.
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

// Watch looks after s, which was accepted or dialled in another way, until it ends.
func (g *Guard) Watch(s *session.Session) { g.add(&guarded{session: s}) }

func (g *Guard) add(x *guarded) {
	held := !x.reachable(g.monitor.Network())
	g.mu.Lock()
	open := !g.closed
	if open {
		g.sweep()
		g.sessions[x.session] = x
		if g.release == nil {
			// While there is no session the system does not have to wait for us before it sleeps.
			g.release = g.monitor.OnSuspend(func(context.Context) { g.hold() })
		}
	}
	g.mu.Unlock()
	if open && held {
		x.session.Hold(session.TriggerNetwork)
	}
}

// sweep forgets the sessions that have ended. mu is held.
func (g *Guard) sweep() {
	for s, x := range g.sessions {
		if s.State() == session.Closed {
			delete(g.sessions, s)
			x.warm.close()
		}
	}
	if len(g.sessions) == 0 && g.release != nil {
		g.release()
		g.release = nil
	}
}

// Close stops acting on events. The sessions stay as they are; those that were held go on. Close waits for what
// is being done.
func (g *Guard) Close() error {
	g.mu.Lock()
	g.closed = true
	release := g.release
	g.release = nil
	g.mu.Unlock()
	g.events.Close()
	<-g.ended
	if release != nil {
		release()
	}
	for _, x := range g.all() {
		x.session.Nudge(session.TriggerManual)
		x.warm.close()
	}
	return nil
}

func (g *Guard) all() []*guarded {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep()
	list := make([]*guarded, 0, len(g.sessions))
	for _, x := range g.sessions {
		list = append(list, x)
	}
	return list
}

// run acts on events. Nothing in it waits.
func (g *Guard) run() {
	defer close(g.ended)
	for e := range g.events.C {
		for _, x := range g.all() {
			x.act(e)
		}
	}
}

// hold is the suspend hook.
func (g *Guard) hold() {
	for _, x := range g.all() {
		x.session.Hold(session.TriggerWake)
	}
}

// act lets a session act on an event.
func (x *guarded) act(e power.Event) {
	switch e.Kind {
	case power.SuspendCanceled:
		x.session.Nudge(session.TriggerWake)
	case power.Resume:
		x.session.Nudge(session.TriggerWake)
		x.warm.warmUp()
	default:
		local, remote := x.path()
		if !e.Affects(local, remote) {
			return
		}
		switch {
		case e.Net != nil && !x.reachable(e.Net.New):
			x.session.Hold(session.TriggerNetwork)
		default:
			x.session.Renew(session.TriggerNetwork)
		}
	}
}

// path is how the peer is reached, or was last.
func (x *guarded) path() (local, remote net.Addr) {
	if c, ok := x.session.Conn().(interface {
		LocalAddr() net.Addr
		RemoteAddr() net.Addr
	}); ok {
		x.last = [2]net.Addr{c.LocalAddr(), c.RemoteAddr()}
	}
	if x.last[1] == nil {
		return nil, x.target
	}
	return x.last[0], x.last[1]
}

// reachable reports whether there is any way to the peer: it is on this machine or in a
// network that this machine is part of, or there is a default route.
func (x *guarded) reachable(n power.NetState) bool {
	_, remote := x.path()
	return n.Online() || n.Reaches(remote)
}

// targetOf returns the address that a URL names, if it does so without a resolver.
func targetOf(rawURL string) net.Addr {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil
	}
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip != nil {
		return &net.TCPAddr{IP: ip}
	}
	return nil
}
