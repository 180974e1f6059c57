package brum

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/session"
)

// guarded is a session and how its peer is reached. The guard's loop owns it.
type guarded struct {
	session *session.Session
	unwatch func() bool // the guard need not know when the session ends
	target  net.Addr    // of the dialing side, nil if only a resolver knows
	warm    *warmDialer
	last    [2]net.Addr     // the path of its last link
	held    session.Trigger // why the guard holds it; TriggerNone if it does not
}

func (x *guarded) hold(why session.Trigger) {
	x.held = why
	x.session.Hold(why)
}

// letGo leaves the session to itself.
func (x *guarded) letGo() {
	if x.held != session.TriggerNone {
		x.held = session.TriggerNone
		x.session.Nudge(session.TriggerManual)
	}
	x.warm.close()
}

// awake acts on the end of a sleep, or of the attempt at one. What the machine was offline for
// before it slept it still is, until the network's own event.
func (x *guarded) awake(e power.Event, reachable bool) {
	if !reachable {
		x.hold(session.TriggerNetwork)
		return
	}
	x.held = session.TriggerNone
	x.session.Nudge(session.TriggerWake)
	if _, remote := x.path(); e.Kind == power.Resume && !is(remote, net.IP.IsLoopback) {
		x.warm.warmUp()
	}
}

// network acts on a change of the networks. One that does not affect the path, as it was,
// matters nevertheless to a session that waits for a path.
func (x *guarded) network(e power.Event) {
	local, remote := x.path()
	if x.held != session.TriggerNetwork && !e.Affects(local, remote) {
		return
	}
	x.warm.drop() // it went another way
	if e.Net != nil && !x.reachable(e.Net.New) {
		x.hold(session.TriggerNetwork)
		return
	}
	x.held = session.TriggerNone
	x.session.Renew(session.TriggerNetwork)
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
	// NetState does not show the networks of link-local addresses.
	return n.Online() || is(remote, net.IP.IsLinkLocalUnicast) || n.Reaches(remote)
}

func is(a net.Addr, sort func(net.IP) bool) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && sort(tcp.IP)
}

// targetOf returns the address that a URL names, if it does so without a resolver.
func targetOf(rawURL string) net.Addr {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil
	}
	host := u.Hostname()
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, 0))
	}
	return nil
}
