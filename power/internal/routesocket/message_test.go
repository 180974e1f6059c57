package routesocket

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

// The numbers in these tests are written out, so that a wrong constant shows.

func macSockaddr(s string) []byte {
	a := netip.MustParseAddr(s)
	if a.Is4() {
		return slices.Concat([]byte{16, 2, 0, 0}, a.AsSlice(), make([]byte, 8))
	}
	return slices.Concat([]byte{28, 30, 0, 0, 0, 0, 0, 0}, a.AsSlice(), make([]byte, 4))
}

// sized writes a message's length, version and type.
func sized(kind byte, m []byte) []byte {
	binary.LittleEndian.PutUint16(m, uint16(len(m)))
	m[2], m[3] = 5, kind
	return m
}

// routeMsg makes a struct rt_msghdr with a destination.
func routeMsg(kind byte, index uint16, flags uint32, dst []byte) []byte {
	h := make([]byte, 92)
	binary.LittleEndian.PutUint16(h[4:], index)
	binary.LittleEndian.PutUint32(h[8:], flags)
	if dst != nil {
		binary.LittleEndian.PutUint32(h[12:], 1)
	}
	return sized(kind, append(h, dst...))
}

// addrMsg makes a struct ifa_msghdr with a netmask, the link's name and an address.
func addrMsg(kind byte, index uint16, addr string) []byte {
	h := make([]byte, 20)
	binary.LittleEndian.PutUint32(h[4:], 0x4|0x10|0x20)
	binary.LittleEndian.PutUint16(h[12:], index)
	mask := []byte{5, 0, 0, 0, 255, 0, 0, 0}              // five bytes take eight
	link := append([]byte{17, 18}, make([]byte, 20-2)...) // seventeen take twenty
	return sized(kind, slices.Concat(h, mask, link, macSockaddr(addr)))
}

func linkMsg(kind byte, index uint16) []byte {
	h := make([]byte, 112)
	binary.LittleEndian.PutUint16(h[12:], index)
	return sized(kind, h)
}

// testLinks names the interfaces of these tests.
var testLinks = filter{linkName: func(index int) string {
	return map[int]string{1: "lo0", 4: "en0", 5: "bridge100", 9: "awdl0", 10: "llw0", 11: "utun3",
		12: "ipsec1", 13: "gif0", 14: "XHC20", 15: "anpi0", 16: "lowpan0"}[index]
}}

func TestRouteHint(t *testing.T) {
	for _, c := range []struct {
		name string
		msg  []byte
		want bool
	}{
		{"RTM_ADD of a default route", routeMsg(0x1, 4, 0x803, macSockaddr("0.0.0.0")), true},
		{"RTM_DELETE of a default route", routeMsg(0x2, 4, 0x803, macSockaddr("0.0.0.0")), true},
		{"RTM_CHANGE of an IPv6 default route", routeMsg(0x3, 4, 0x803, macSockaddr("::")), true},
		{"default route cut short to its family", routeMsg(0x1, 4, 0x803, []byte{2, 2, 0, 0}), true},
		{"default route through a VPN", routeMsg(0x1, 11, 0x803, macSockaddr("0.0.0.0")), true},
		{"route to a network", routeMsg(0x1, 4, 0x803, macSockaddr("10.8.0.0")), true},
		{"route to a network through a VPN", routeMsg(0x1, 11, 0x803, macSockaddr("10.8.0.0")), false},
		{"route without a destination", routeMsg(0x1, 4, 0x803, nil), true},
		{"route to a link", routeMsg(0x1, 4, 0x803, []byte{20, 18, 4, 0}), true},
		{"ARP entry", routeMsg(0x1, 4, 0x405, macSockaddr("192.168.1.7")), false},
		{"route cloned for a peer", routeMsg(0x1, 4, 0x20005, macSockaddr("1.1.1.1")), false},
		{"link-local route", routeMsg(0x1, 4, 0x803, macSockaddr("169.254.0.0")), false},
		{"IPv6 link-local route", routeMsg(0x1, 4, 0x803, macSockaddr("fe80:4::1")), false},
		{"multicast route", routeMsg(0x1, 4, 0x803, macSockaddr("224.0.0.0")), false},
		{"IPv6 multicast route", routeMsg(0x1, 4, 0x803, macSockaddr("ff02::")), false},

		{"RTM_NEWADDR", addrMsg(0xc, 4, "192.168.1.20"), true},
		{"RTM_DELADDR", addrMsg(0xd, 4, "2001:db8::7"), true},
		{"address of a bridge", addrMsg(0xc, 5, "192.168.64.1"), true},
		{"address of an unknown link", addrMsg(0xc, 77, "10.0.0.1"), true},
		{"link-local address", addrMsg(0xc, 4, "fe80::1"), false},
		{"self-assigned address", addrMsg(0xd, 4, "169.254.7.7"), false},
		{"loopback address", addrMsg(0xc, 77, "127.0.0.2"), false},
		{"address of a tunnel", addrMsg(0xc, 11, "10.0.0.1"), false},
		{"address of lo0", addrMsg(0xc, 1, "10.0.0.1"), false},

		{"RTM_IFINFO", linkMsg(0xe, 4), true},
		{"RTM_IFINFO of awdl0", linkMsg(0xe, 9), false},
		{"RTM_IFINFO of llw0", linkMsg(0xe, 10), false},
		{"RTM_IFINFO of ipsec1", linkMsg(0xe, 12), false},
		{"RTM_IFINFO of gif0", linkMsg(0xe, 13), false},
		{"RTM_IFINFO of XHC20", linkMsg(0xe, 14), false},
		{"RTM_IFINFO of anpi0", linkMsg(0xe, 15), false},
		{"a name that only begins like a noisy one", linkMsg(0xe, 16), true},

		{"RTM_GET", routeMsg(0x4, 4, 0x803, macSockaddr("0.0.0.0")), false},
		{"RTM_MISS", routeMsg(0x7, 4, 0x803, macSockaddr("10.1.2.3")), false},
		{"RTM_NEWMADDR", linkMsg(0xf, 4), false},
		{"RTM_DELMADDR", linkMsg(0x10, 4), false},
		{"RTM_IFINFO2", linkMsg(0x12, 4), false},
		{"nothing", nil, false},
	} {
		if got := testLinks.hint(c.msg); got != c.want {
			t.Errorf("%s: hint %v, want %v", c.name, got, c.want)
		}
		if c.msg == nil {
			continue
		}
		if !testLinks.hint(append(slices.Clone(c.msg), addrMsg(0xc, 4, "10.0.0.1")...)) {
			t.Errorf("%s: hides the message after it", c.name)
		}
	}
}

func TestRouteHintOfWhatCannotBeRead(t *testing.T) {
	version := linkMsg(0xf, 4)
	version[2] = 4
	for name, b := range map[string][]byte{
		"one byte":             {4},
		"size zero":            {0, 0, 5, 0xf},
		"size beyond the read": {200, 0, 5, 0xf},
		"another version":      version,
		"route header cut":     sized(0x1, make([]byte, 91)),
		"address header cut":   sized(0xc, make([]byte, 19)),
		"link header cut":      sized(0xe, make([]byte, 15)),
		"no addresses":         sized(0xc, append([]byte{4: 0x20}, make([]byte, 15)...)),
	} {
		if !testLinks.hint(b) {
			t.Errorf("%s: no hint, so a change would be missed", name)
		}
	}
}

func FuzzRouteHint(f *testing.F) {
	f.Add(addrMsg(0xc, 4, "fe80::1"))
	f.Add(routeMsg(0x1, 4, 0x803, macSockaddr("169.254.0.0")))
	f.Add(linkMsg(0xe, 9))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := slices.Clone(b)
		hint := testLinks.hint(b)
		if !slices.Equal(b, before) {
			t.Error("the message was changed")
		}
		// Noise in front of it must not silence a message.
		if noise := append(linkMsg(0xf, 4), b...); testLinks.hint(noise) != hint {
			t.Error("judged differently behind noise")
		}
	})
}
