package power

import (
	"encoding/binary"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Somewhere beyond every router: addresses set aside for documentation. Nothing is sent there.
var somewhere = map[uint8]netip.Addr{
	unix.AF_INET:  netip.MustParseAddr("192.0.2.1"),
	unix.AF_INET6: netip.MustParseAddr("2001:db8::1"),
}

// A default route is one for everybody, or for half of them (which is how VPNs get in front of
// it), or for all that IPv6 gives to the world (2000::/3).
const widest = 3

// wayOut finds the route that the rest of the world is reached by. The kernel is asked for one
// rather than searched for a default, since VPNs add routes and rules of their own; the default
// of the main table is for machines that have a route of their own to those addresses.
func (t linkTable) wayOut(conn *netlink.Conn, family uint8) system.Route {
	dst := somewhere[family].AsSlice()
	ae := netlink.NewAttributeEncoder()
	ae.Bytes(unix.RTA_DST, dst)
	attrs, err := ae.Encode()
	if err != nil {
		return system.Route{}
	}
	ask := make([]byte, unix.SizeofRtMsg)
	ask[0], ask[1] = family, byte(len(dst)*8)
	binary.NativeEndian.PutUint32(ask[8:], unix.RTM_F_FIB_MATCH) // the route, not what it comes to
	messages, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETROUTE, Flags: netlink.Request},
		Data:   append(ask, attrs...),
	})
	if err == nil {
		for _, m := range messages {
			if r, ok := decodeRoute(m.Data); ok && r.bits <= widest {
				return t.route(r)
			}
		}
	}
	all := make([]byte, unix.SizeofRtMsg)
	all[0] = family
	if messages, err = dump(conn, unix.RTM_GETROUTE, all); err != nil {
		return system.Route{}
	}
	return t.route(mainDefault(family, messages))
}

// kernelRoute is what of a route counts here.
type kernelRoute struct {
	family, bits uint8
	table        uint32
	metric       uint32
	out          uint32 // number of the interface; 0 is none
	gateway      netip.Addr
}

// route names the interface, unless it is loopback: that is no way out.
func (t linkTable) route(r kernelRoute) system.Route {
	i := t[r.out]
	if i == nil || i.Loopback {
		return system.Route{}
	}
	return system.Route{Interface: i.Name, Gateway: r.gateway}
}

// mainDefault picks the narrowest default route, and of several the one with the lowest metric.
func mainDefault(family uint8, messages []netlink.Message) (best kernelRoute) {
	for _, m := range messages {
		r, ok := decodeRoute(m.Data)
		if !ok || r.family != family || r.bits > widest || r.table != unix.RT_TABLE_MAIN {
			continue
		}
		if best.out == 0 || r.bits > best.bits || r.bits == best.bits && r.metric < best.metric {
			best = r
		}
	}
	return best
}

// decodeRoute decodes an rtmsg of a route that leads out.
func decodeRoute(b []byte) (r kernelRoute, ok bool) {
	if len(b) < unix.SizeofRtMsg || b[7] != unix.RTN_UNICAST {
		return r, false
	}
	r.family, r.bits, r.table = b[0], b[1], uint32(b[4])
	attrs, err := netlink.NewAttributeDecoder(b[unix.SizeofRtMsg:])
	if err != nil {
		return r, false
	}
	for attrs.Next() {
		switch attrs.Type() {
		case unix.RTA_TABLE:
			r.table = attrs.Uint32()
		case unix.RTA_PRIORITY:
			r.metric = attrs.Uint32()
		case unix.RTA_MULTIPATH: // several ways: the first stands for all
			r.out, r.gateway = firstHop(attrs.Bytes())
		default:
			r.hop(attrs)
		}
	}
	return r, attrs.Err() == nil && r.out != 0
}

// hop reads what says where to.
func (r *kernelRoute) hop(attrs *netlink.AttributeDecoder) {
	switch attrs.Type() {
	case unix.RTA_OIF:
		r.out = attrs.Uint32()
	case unix.RTA_GATEWAY:
		r.gateway, _ = netip.AddrFromSlice(attrs.Bytes())
	case unix.RTA_VIA: // IPv4 by way of an IPv6 router: family, then address
		if b := attrs.Bytes(); len(b) > 2 {
			r.gateway, _ = netip.AddrFromSlice(b[2:])
		}
	}
}

// firstHop decodes the first rtnexthop of several.
func firstHop(b []byte) (out uint32, gateway netip.Addr) {
	if len(b) < unix.SizeofRtNexthop {
		return 0, netip.Addr{}
	}
	end := min(int(binary.NativeEndian.Uint16(b)), len(b))
	r := kernelRoute{out: binary.NativeEndian.Uint32(b[4:])}
	if end > unix.SizeofRtNexthop {
		if attrs, err := netlink.NewAttributeDecoder(b[unix.SizeofRtNexthop:end]); err == nil {
			for attrs.Next() {
				r.hop(attrs)
			}
		}
	}
	return r.out, r.gateway
}
