package power

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/system"
)

// message encodes a fixed part and attributes.
func message(t testing.TB, fixed []byte, attrs func(*netlink.AttributeEncoder)) netlink.Message {
	t.Helper()
	ae := netlink.NewAttributeEncoder()
	attrs(ae)
	b, err := ae.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return netlink.Message{Data: append(fixed, b...)}
}

func link(t testing.TB, index byte, flags uint16, attrs func(*netlink.AttributeEncoder)) netlink.Message {
	b := make([]byte, unix.SizeofIfInfomsg)
	b[4], b[8], b[9], b[10] = index, byte(flags), byte(flags>>8), 1
	return message(t, b, attrs)
}

func address(t testing.TB, family, bits, flags, index byte, attrs func(*netlink.AttributeEncoder)) netlink.Message {
	return message(t, []byte{family, bits, flags, 0, index, 0, 0, 0}, attrs)
}

func bytesOf(addr string) []byte { return netip.MustParseAddr(addr).AsSlice() }

func TestLinksAndAddressesAreDecoded(t *testing.T) {
	const up = unix.IFF_UP | unix.IFF_RUNNING
	one := func(typ uint16, addr string) func(*netlink.AttributeEncoder) {
		return func(ae *netlink.AttributeEncoder) { ae.Bytes(typ, bytesOf(addr)) }
	}
	links := []netlink.Message{
		link(t, 1, up|unix.IFF_LOOPBACK, func(ae *netlink.AttributeEncoder) { ae.String(unix.IFLA_IFNAME, "lo") }),
		link(t, 2, up, func(ae *netlink.AttributeEncoder) { ae.String(unix.IFLA_IFNAME, "eth0") }),
		link(t, 3, unix.IFF_UP, func(ae *netlink.AttributeEncoder) { ae.String(unix.IFLA_IFNAME, "nocarrier") }),
		link(t, 4, up, func(ae *netlink.AttributeEncoder) {
			ae.String(unix.IFLA_IFNAME, "veth1")
			ae.Uint32(unix.IFLA_MASTER, 9)
			ae.Nested(unix.IFLA_LINKINFO, func(n *netlink.AttributeEncoder) error {
				n.String(unix.IFLA_INFO_KIND, "veth")
				n.String(unix.IFLA_INFO_SLAVE_KIND, "bridge")
				return nil
			})
		}),
		link(t, 5, up, func(ae *netlink.AttributeEncoder) {
			ae.String(unix.IFLA_IFNAME, "routed")
			ae.Uint32(unix.IFLA_MASTER, 9)
			ae.Nested(unix.IFLA_LINKINFO, func(n *netlink.AttributeEncoder) error {
				n.String(unix.IFLA_INFO_SLAVE_KIND, "vrf")
				return nil
			})
		}),
		{Data: []byte{1, 2, 3}},
		link(t, 6, up, func(*netlink.AttributeEncoder) {}), // no name
	}
	addrs := []netlink.Message{
		address(t, unix.AF_INET, 24, unix.IFA_F_SECONDARY, 2, one(unix.IFA_ADDRESS, "192.168.1.7")),
		address(t, unix.AF_INET, 32, 0, 2, func(ae *netlink.AttributeEncoder) {
			ae.Bytes(unix.IFA_ADDRESS, bytesOf("10.0.0.1")) // the peer
			ae.Bytes(unix.IFA_LOCAL, bytesOf("10.0.0.2"))
		}),
		address(t, unix.AF_INET6, 64, 0, 2, one(unix.IFA_ADDRESS, "2001:db8::7")),
		address(t, unix.AF_INET6, 64, unix.IFA_F_TEMPORARY, 2, one(unix.IFA_ADDRESS, "2001:db8::8")),
		address(t, unix.AF_INET6, 64, 0, 2, func(ae *netlink.AttributeEncoder) {
			ae.Bytes(unix.IFA_ADDRESS, bytesOf("2001:db8::9"))
			ae.Uint32(unix.IFA_FLAGS, unix.IFA_F_TENTATIVE|0x100)
		}),
		address(t, unix.AF_INET6, 64, 0, 2, func(ae *netlink.AttributeEncoder) {
			ae.Bytes(unix.IFA_ADDRESS, bytesOf("2001:db8::a"))
			ae.Bytes(unix.IFA_CACHEINFO, make([]byte, 16)) // no preferred lifetime left
		}),
		address(t, unix.AF_INET, 24, 0, 77, one(unix.IFA_ADDRESS, "10.9.9.9")), // of nobody
		address(t, unix.AF_INET, 99, 0, 2, one(unix.IFA_ADDRESS, "10.9.9.9")),
		{Data: []byte{2}},
	}
	want := []system.Interface{
		iface("lo loopback"),
		iface("eth0 192.168.1.7/24 10.0.0.2/32 2001:db8::7/64 2001:db8::8/64? 2001:db8::9/64? 2001:db8::a/64?"),
		iface("nocarrier down"), iface("veth1 kind=veth enslaved"), iface("routed"),
	}
	same := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if d := cmp.Diff(want, newLinkTable(links, addrs).interfaces(), same); d != "" {
		t.Error(d)
	}
}

func route(t testing.TB, bits, table, kind byte, attrs func(*netlink.AttributeEncoder)) netlink.Message {
	return message(t, []byte{unix.AF_INET, bits, 0, 0, table, 0, 0, kind, 0, 0, 0, 0}, attrs)
}

func TestTheDefaultRouteOfTheMainTable(t *testing.T) {
	way := func(out, metric uint32, gateway string) func(*netlink.AttributeEncoder) {
		return func(ae *netlink.AttributeEncoder) {
			ae.Uint32(unix.RTA_OIF, out)
			ae.Uint32(unix.RTA_PRIORITY, metric)
			ae.Bytes(unix.RTA_GATEWAY, bytesOf(gateway))
		}
	}
	routes := []netlink.Message{
		route(t, 24, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, way(1, 0, "10.0.0.1")),
		route(t, 0, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, way(2, 600, "10.0.0.2")),
		route(t, 0, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, way(3, 100, "10.0.0.3")),
		route(t, 0, unix.RT_TABLE_MAIN, unix.RTN_UNREACHABLE, way(4, 0, "10.0.0.4")),
		route(t, 0, 100, unix.RTN_UNICAST, way(5, 0, "10.0.0.5")),
		{Data: []byte{2, 0}},
	}
	if got := mainDefault(unix.AF_INET, routes); got.out != 3 || got.gateway.String() != "10.0.0.3" {
		t.Errorf("got %+v", got)
	}
	half := route(t, 1, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, way(6, 900, "10.0.0.6"))
	if got := mainDefault(unix.AF_INET, append(routes, half)); got.out != 6 {
		t.Errorf("half of the world: got %+v", got)
	}
	if got := mainDefault(unix.AF_INET6, routes); got.out != 0 {
		t.Errorf("IPv6: got %+v", got)
	}
	hops := append([]byte{16, 0, 0, 0, 7, 0, 0, 0, 8, 0, unix.RTA_GATEWAY, 0}, bytesOf("10.0.0.7")...)
	multipath := route(t, 0, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, func(ae *netlink.AttributeEncoder) { ae.Bytes(unix.RTA_MULTIPATH, hops) })
	if got, ok := decodeRoute(multipath.Data); !ok || got.out != 7 || got.gateway.String() != "10.0.0.7" {
		t.Errorf("multipath: got %+v", got)
	}
	via := route(t, 0, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, func(ae *netlink.AttributeEncoder) {
		ae.Uint32(unix.RTA_OIF, 8)
		ae.Bytes(unix.RTA_VIA, append([]byte{unix.AF_INET6, 0}, bytesOf("fe80::1")...))
	})
	if got, ok := decodeRoute(via.Data); !ok || got.gateway.String() != "fe80::1" {
		t.Errorf("via: got %+v", got)
	}
}

func TestASnapshotOfThisMachine(t *testing.T) {
	raw, err := rtnetlinkNetwork()
	if err != nil {
		t.Fatal(err)
	}
	std, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, i := range raw.Interfaces {
		seen[i.Name] = i.Loopback
	}
	for _, i := range std {
		if loopback, ok := seen[i.Name]; !ok || loopback != (i.Flags&net.FlagLoopback != 0) {
			t.Errorf("%s: seen %v, loopback %v", i.Name, ok, loopback)
		}
	}
}

func TestRtnetlinkStopsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log, done := newSinkLog(), make(chan error)
	go func() { done <- rtnetlinkWatch(0).Run(ctx, log) }()
	select {
	case <-log.ready:
	case err := <-done:
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func FuzzNetlinkMessages(f *testing.F) {
	f.Add([]byte{})
	f.Add(route(f, 0, unix.RT_TABLE_MAIN, unix.RTN_UNICAST, func(ae *netlink.AttributeEncoder) {
		ae.Bytes(unix.RTA_MULTIPATH, make([]byte, 16))
		ae.Bytes(unix.RTA_VIA, []byte{1, 2, 3})
	}).Data)
	f.Add(link(f, 1, 1, func(ae *netlink.AttributeEncoder) { ae.String(unix.IFLA_IFNAME, "eth0") }).Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		m := []netlink.Message{{Data: b}}
		for _, i := range newLinkTable(m, m).interfaces() {
			if i.Name == "" {
				t.Error("an interface without a name")
			}
		}
		decodeRoute(b)
		firstHop(b)
	})
}

func TestBothViewsOfThisMachineAgree(t *testing.T) {
	kernel, err := rtnetlinkNetwork()
	if err != nil {
		t.Fatal(err)
	}
	std, err := stdNetwork()
	if err != nil {
		t.Fatal(err)
	}
	if std.Default4.Interface == "" {
		return // offline, or the address that is used belongs to loopback: only netlink can tell
	}
	if kernel.Default4.Interface != std.Default4.Interface {
		t.Errorf("netlink says %+v, a connected socket %+v", kernel.Default4, std.Default4)
	}
}
