package power

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/standardbeagle/brum/power/internal/system"
)

// NetState is what of a machine's networks matters to connections. Interfaces that come and go
// with containers and the like do not show, and neither do link-local addresses.
type NetState struct {
	// Default4 and Default6 are the ways out of IPv4 and IPv6; the zero Route is none.
	Default4, Default6 Route
	// Addrs are the routable addresses that stay, each with its network's prefix length, sorted.
	Addrs []netip.Prefix
	// Present are all addresses that the machine has, loopback and passing ones too, sorted. A
	// change of these alone is no event.
	Present []netip.Prefix
	// Near are the networks of all interfaces that are up, also of those that do not show
	// otherwise: what is in them needs no default route. A change of these alone is no event.
	Near []netip.Prefix
}

// Route is a default route.
type Route struct {
	Interface string     // name, such as eth0
	Gateway   netip.Addr // not valid where the link has none
}

// Online says whether there is a default route and a routable address. It does not say that
// anything can be reached.
func (s NetState) Online() bool {
	return (s.Default4 != Route{} || s.Default6 != Route{}) && len(s.Addrs) > 0
}

// NetChange is the difference between two states.
type NetChange struct {
	Old, New NetState
	// Added and Removed are routable addresses.
	Added, Removed []netip.Prefix
	// DefaultRouteChanged: interface or gateway of a default route is another.
	DefaultRouteChanged bool
	// Major: connections are likely to need a new path. The default interface changed, an
	// address went, or IPv4 or IPv6 came or went altogether. Otherwise there is only more.
	Major bool
}

// netState judges a snapshot: what of it counts. keep may be nil.
func netState(raw system.Network, keep func(name string) bool) NetState {
	s := NetState{Default4: Route(raw.Default4), Default6: Route(raw.Default6)}
	for _, i := range raw.Interfaces {
		counts := i.Up && !i.Loopback && !noise(i, s) && (keep == nil || keep(i.Name))
		if !counts {
			s.dropDefault(i.Name)
		}
		for _, a := range i.Addrs {
			s.Present = append(s.Present, a.Prefix)
			if i.Up {
				s.Near = append(s.Near, a.Prefix)
			}
			if counts && !a.Passing && routable(a.Prefix.Addr()) {
				s.Addrs = append(s.Addrs, a.Prefix)
			}
		}
	}
	s.Addrs, s.Present, s.Near = sorted(s.Addrs), sorted(s.Present), sorted(s.Near)
	return s
}

func (s *NetState) dropDefault(name string) {
	if s.Default4.Interface == name {
		s.Default4 = Route{}
	}
	if s.Default6.Interface == name {
		s.Default6 = Route{}
	}
}

func sorted(p []netip.Prefix) []netip.Prefix {
	slices.SortFunc(p, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	return slices.Compact(p)
}

// diff says what changed, and whether any of it matters. The kind is 0 if nothing does.
func diff(before, after NetState) (Kind, *NetChange) {
	c := &NetChange{
		Old: before, New: after,
		Added: without(after.Addrs, before.Addrs), Removed: without(before.Addrs, after.Addrs),
		DefaultRouteChanged: before.Default4 != after.Default4 || before.Default6 != after.Default6,
	}
	c.Major = before.Default4.Interface != after.Default4.Interface ||
		before.Default6.Interface != after.Default6.Interface ||
		len(c.Removed) > 0 || families(before) != families(after)
	switch {
	case before.Online() && !after.Online():
		return NetworkDown, c
	case !before.Online() && after.Online():
		return NetworkUp, c
	case c.DefaultRouteChanged || len(c.Added)+len(c.Removed) > 0:
		return NetworkChange, c
	default:
		return 0, nil
	}
}

// families tells which of IPv4 and IPv6 there are routable addresses of.
func families(s NetState) (has [2]bool) {
	for _, p := range s.Addrs {
		if p.Addr().Is4() {
			has[0] = true
		} else {
			has[1] = true
		}
	}
	return has
}

// without returns what of a is not in b; both are sorted.
func without(a, b []netip.Prefix) (left []netip.Prefix) {
	for _, p := range a {
		if !slices.Contains(b, p) {
			left = append(left, p)
		}
	}
	return left
}
