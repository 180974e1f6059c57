package system

import "net/netip"

// Network is a snapshot, as the system tells it.
type Network struct {
	Interfaces []Interface
	// Default4 and Default6 are the ways that packets to the rest of the world take.
	Default4, Default6 Route
}

// Route is a way out. The zero value is none.
type Route struct {
	Interface string
	Gateway   netip.Addr // invalid if there is none: point-to-point links
}

// Interface is a network interface, with whatever addresses it has.
type Interface struct {
	Name     string
	Up       bool // up, with a carrier where that is known
	Loopback bool
	// Enslaved: part of a bridge or bond, which is what counts then.
	Enslaved bool
	// Kind is what the system calls this kind of interface ("veth", "bridge"), if it does.
	Kind  string
	Addrs []Addr
}

// Addr is an address of an interface.
type Addr struct {
	Prefix netip.Prefix // the address, not masked, and the length of its network's prefix
	// Passing: temporary, deprecated, or not yet known to be unique. It comes and goes without
	// meaning anything.
	Passing bool
}
