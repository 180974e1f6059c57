package power

import (
	"net"
	"net/netip"
	"slices"
)

// Affects says whether a connection between these two addresses may be worse off for the event,
// so that it should be probed. Either may be nil if it is not known.
//
// A sleep concerns every connection, since the clocks of its two ends have parted. What happens
// to networks does not concern loopback and Unix sockets, nor a connection whose local address
// is still there and whose peer is not reached over the default route that changed.
func (e Event) Affects(local, remote net.Addr) bool {
	switch e.Kind {
	case Resume, DarkWake:
		return true
	case NetworkDown, NetworkUp, NetworkChange:
		return e.Net == nil || e.Net.affects(local, remote)
	default:
		return false
	}
}

func (c *NetChange) affects(local, remote net.Addr) bool {
	if isLocal(local) || isLocal(remote) {
		return false
	}
	l, r := ip(local), ip(remote)
	if l.IsValid() && !l.IsUnspecified() && !slices.ContainsFunc(c.New.Present, func(p netip.Prefix) bool { return p.Addr() == l }) {
		return true
	}
	if !r.IsValid() {
		return true
	}
	return c.defaultChanged(r) && !c.onLink(r) || c.linkLost(r)
}

// defaultChanged says whether the default route for what goes to addr is another: IPv4 and IPv6
// come and go on their own.
func (c *NetChange) defaultChanged(addr netip.Addr) bool {
	if addr.Is4() {
		return c.Old.Default4 != c.New.Default4
	}
	return c.Old.Default6 != c.New.Default6
}

// onLink says whether addr was and is a neighbour, reached without a router.
func (c *NetChange) onLink(addr netip.Addr) bool {
	return contains(c.Old.Addrs, addr) && contains(c.New.Addrs, addr)
}

// linkLost says whether addr was a neighbour and is none now.
func (c *NetChange) linkLost(addr netip.Addr) bool {
	return contains(c.Old.Addrs, addr) && !contains(c.New.Addrs, addr)
}

func contains(nets []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// isLocal says whether a never leaves the machine.
func isLocal(a net.Addr) bool {
	if a == nil {
		return false
	}
	switch a.Network() {
	case "unix", "unixgram", "unixpacket", "pipe":
		return true
	}
	return ip(a).IsLoopback()
}

// ip returns the address in a, or an invalid one.
func ip(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	if ap, err := netip.ParseAddrPort(a.String()); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, _ := netip.ParseAddr(a.String())
	return addr.Unmap().WithZone("")
}

// Reaches says whether addr is on this machine, or a neighbour in one of its networks, so that no
// default route is needed: those of containers and virtual machines count. It is false for nil.
func (s NetState) Reaches(addr net.Addr) bool {
	a := ip(addr)
	return isLocal(addr) || a.IsValid() && contains(s.Near, a)
}
