package routesocket

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// What macOS says on a routing socket, as far as it matters here. The numbers are those of
// <net/route.h>; every Mac is little-endian.
const (
	rtmVersion = 5

	rtmAdd     = 0x1
	rtmDelete  = 0x2
	rtmChange  = 0x3
	rtmNewAddr = 0xc
	rtmDelAddr = 0xd
	rtmIfInfo  = 0xe

	rtfLinkInfo  = 0x400   // an entry of the ARP or neighbour cache
	rtfWasCloned = 0x20000 // made by the kernel for one peer

	rtaxDst  = 0 // position of the destination among a message's addresses
	rtaxAddr = 5 // position of the interface's own address

	routeHeader = 92 // sizeof(struct rt_msghdr)
	addrHeader  = 20 // sizeof(struct ifa_msghdr)
	linkHeader  = 16 // struct if_msghdr up to ifm_data

	macInet  = 2
	macInet6 = 30
)

// noisyLinks are the names, without their number, of interfaces that come and go or change
// all day without a path to anywhere having changed: Apple's peer-to-peer radio, tunnels of
// the system's own services, debugging ports.
var noisyLinks = []string{"llw", "awdl", "ipsec", "gif", "XHC", "anpi", "lo", "utun"}

// filter tells noise on a routing socket from what calls for another look at the network. What it can't read calls for one too.
type filter struct {
	linkName func(index int) string // empty: not known
}

// hint reports whether any message of one read from the socket may mean that the network
// changed.
func (f filter) hint(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 4 {
			return true
		}
		size := int(binary.LittleEndian.Uint16(b))
		if size < 4 || size > len(b) || b[2] != rtmVersion {
			return true
		}
		if f.matters(b[3], b[:size]) {
			return true
		}
		b = b[size:]
	}
	return false
}

// matters judges one message. All other types are noise: RTM_MISS comes once for each packet
// that had no route, RTM_GET answers other programs, multicast groups lead nowhere.
func (f filter) matters(kind byte, m []byte) bool {
	switch kind {
	case rtmAdd, rtmDelete, rtmChange:
		return len(m) < routeHeader || f.routeMatters(m)
	case rtmNewAddr, rtmDelAddr:
		if len(m) < addrHeader {
			return true
		}
		addr, ok := addressAt(m[addrHeader:], binary.LittleEndian.Uint32(m[4:]), rtaxAddr)
		return (!ok || !leadsNowhere(addr)) && !f.noisy(binary.LittleEndian.Uint16(m[12:]))
	case rtmIfInfo:
		return len(m) < linkHeader || !f.noisy(binary.LittleEndian.Uint16(m[12:]))
	}
	return false
}

func (f filter) routeMatters(m []byte) bool {
	if binary.LittleEndian.Uint32(m[8:])&(rtfLinkInfo|rtfWasCloned) != 0 {
		return false
	}
	dst, ok := addressAt(m[routeHeader:], binary.LittleEndian.Uint32(m[12:]), rtaxDst)
	switch {
	case !ok, dst.IsUnspecified(): // a default route counts wherever it leads: VPNs are utun
		return true
	case leadsNowhere(dst):
		return false
	}
	return !f.noisy(binary.LittleEndian.Uint16(m[4:]))
}

// noisy reports whether an interface is known, and known to be noise.
func (f filter) noisy(index uint16) bool {
	name := strings.TrimRight(f.linkName(int(index)), "0123456789")
	for _, n := range noisyLinks {
		if name == n {
			return true
		}
	}
	return false
}

func leadsNowhere(a netip.Addr) bool {
	return a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsLoopback()
}

// addressAt finds one of the socket addresses that follow a header; present tells which are
// there. It fails for what is no IP address.
func addressAt(b []byte, present uint32, position int) (netip.Addr, bool) {
	for i := range position {
		if present&(1<<i) == 0 {
			continue
		}
		if len(b) == 0 {
			return netip.Addr{}, false
		}
		b = b[min(padded(int(b[0])), len(b)):]
	}
	if present&(1<<position) == 0 || len(b) == 0 {
		return netip.Addr{}, false
	}
	return socketAddress(b[:min(int(b[0]), len(b))])
}

// padded is the room that a socket address of this size takes: a multiple of four, and four
// if it is empty.
func padded(size int) int { return max(4, (size+3)&^3) }

// socketAddress reads a struct sockaddr_in or sockaddr_in6; trailing zeros may be cut off.
func socketAddress(b []byte) (netip.Addr, bool) {
	if len(b) < 2 {
		return netip.Addr{}, false
	}
	switch b[1] {
	case macInet:
		var a [4]byte
		if len(b) > 4 {
			copy(a[:], b[4:])
		}
		return netip.AddrFrom4(a), true
	case macInet6:
		var a [16]byte
		if len(b) > 8 {
			copy(a[:], b[8:])
		}
		// In the kernel's own form, the two bytes after fe80 may hold the interface.
		return netip.AddrFrom16(a), true
	}
	return netip.Addr{}, false
}
