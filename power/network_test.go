package power

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/standardbeagle/brum/power/internal/system"
)

// iface writes an interface down: "eth0 192.168.1.7/24 2001:db8::7/64? down", where ? marks a
// passing address and the rest are properties.
func iface(text string) system.Interface {
	fields := strings.Fields(text)
	i := system.Interface{Name: fields[0], Up: true}
	for _, f := range fields[1:] {
		switch {
		case f == "down":
			i.Up = false
		case f == "loopback":
			i.Loopback = true
		case f == "enslaved":
			i.Enslaved = true
		case strings.HasPrefix(f, "kind="):
			i.Kind = f[5:]
		default:
			i.Addrs = append(i.Addrs, system.Addr{
				Prefix: netip.MustParsePrefix(strings.TrimSuffix(f, "?")), Passing: strings.HasSuffix(f, "?")})
		}
	}
	return i
}

// machine writes a snapshot down: default routes ("eth0 192.168.1.1"), then interfaces.
func machine(way4, way6 string, interfaces ...string) system.Network {
	n := system.Network{Interfaces: []system.Interface{iface("lo loopback 127.0.0.1/8 ::1/128")}}
	for _, i := range interfaces {
		n.Interfaces = append(n.Interfaces, iface(i))
	}
	n.Default4, n.Default6 = way(way4), way(way6)
	return n
}

func way(text string) (r system.Route) {
	name, gateway, ok := strings.Cut(text, " ")
	r.Interface = name
	if ok {
		r.Gateway = netip.MustParseAddr(gateway)
	}
	return r
}

const (
	gw4 = "eth0 192.168.1.1"
	gw6 = "eth0 fe80::1"
	eth = "eth0 192.168.1.7/24 2001:db8::7/64 fe80::7/64"
)

var changes = []struct {
	name   string
	before system.Network
	after  system.Network
	kind   Kind
	major  bool
}{
	{"nothing", machine(gw4, gw6, eth), machine(gw4, gw6, eth), 0, false},
	{"default route gone", machine(gw4, "", eth), machine("", "", eth), NetworkDown, true},
	{"last address gone", machine(gw4, "", "eth0 192.168.1.7/24"), machine(gw4, "", "eth0 fe80::7/64"), NetworkDown, true},
	{"carrier lost", machine(gw4, gw6, eth), machine(gw4, gw6, eth+" down"), NetworkDown, true},
	{"interface gone", machine(gw4, gw6, eth), machine("", ""), NetworkDown, true},
	{"back again", machine("", ""), machine(gw4, gw6, eth), NetworkUp, true},
	{"address first, route later", machine("", "", eth), machine(gw4, "", eth), NetworkUp, true},
	{"other gateway", machine(gw4, "", eth), machine("eth0 192.168.1.2", "", eth), NetworkChange, false},
	{"other interface", machine(gw4, "", eth), machine("wlan0 10.0.0.1", "", eth, "wlan0 10.0.0.9/8"), NetworkChange, true},
	{"other address", machine(gw4, "", "eth0 192.168.1.7/24"), machine(gw4, "", "eth0 192.168.1.8/24"), NetworkChange, true},
	{"one more address", machine(gw4, "", eth), machine(gw4, "", eth+" 192.168.2.7/24"), NetworkChange, false},
	{"IPv6 came", machine(gw4, "", "eth0 192.168.1.7/24"), machine(gw4, gw6, eth), NetworkChange, true},
	{"IPv6 went", machine(gw4, gw6, eth), machine(gw4, "", "eth0 192.168.1.7/24"), NetworkChange, true},
	{"no way out, other address", machine("", "", "eth0 10.0.0.1/24"), machine("", "", "eth0 10.0.0.2/24"), NetworkChange, true},
	{"a VPN takes the default route", machine(gw4, "", eth), machine("utun3", "", eth, "utun3 10.8.0.2/24"), NetworkChange, true},
	{"in a container the way out is a veth", machine("", "", "eth0 kind=veth"), machine("eth0 172.17.0.1", "", "eth0 172.17.0.2/16 kind=veth"), NetworkUp, true},
	{"the host's way out is a bridge", machine("", "", "br0 kind=bridge"), machine("br0 10.0.0.1", "", "br0 10.0.0.2/24 kind=bridge"), NetworkUp, true},

	{"noise: link-local", machine(gw4, "", "eth0 192.168.1.7/24"), machine(gw4, "", "eth0 192.168.1.7/24 fe80::9/64 169.254.1.2/16"), 0, false},
	{"noise: veth of a container", machine(gw4, "", eth), machine(gw4, "", eth, "veth12ab kind=veth enslaved", "docker0 172.17.0.1/16 kind=bridge"), 0, false},
	{"noise: bridge by kind", machine(gw4, "", eth), machine(gw4, "", eth, "mynet 10.9.0.1/24 kind=bridge"), 0, false},
	{"noise: member of a bond", machine(gw4, "", eth), machine(gw4, "", eth, "eth1 10.9.0.1/24 enslaved"), 0, false},
	{"noise: awdl, llw and idle utun", machine(gw4, "", eth), machine(gw4, "", eth, "awdl0 10.1.1.1/24", "llw0 10.1.2.1/24", "utun0 10.1.3.1/24"), 0, false},
	{"noise: temporary and deprecated IPv6", machine(gw4, gw6, eth+" 2001:db8::aaaa/64?"), machine(gw4, gw6, eth+" 2001:db8::bbbb/64?"), 0, false},
	{"noise: down", machine(gw4, "", eth), machine(gw4, "", eth, "wlan0 10.0.0.9/8 down"), 0, false},
	{"noise: loopback", machine(gw4, "", eth), machine(gw4, "", eth, "lo1 loopback 10.0.0.1/32"), 0, false},
}

func TestG2_WhatIsAChangeAndWhatIsNoise(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			before, after := netState(c.before, nil), netState(c.after, nil)
			kind, change := diff(before, after)
			if kind != c.kind {
				t.Fatalf("got %v, want %v; from %+v to %+v", kind, c.kind, before, after)
			}
			if (change != nil) != (kind != 0) {
				t.Fatal("an event has a change, and nothing else has")
			}
			if change != nil && change.Major != c.major {
				t.Errorf("major %v, want %v", change.Major, c.major)
			}
		})
	}
}

func TestTheChangeTellsWhatIsNew(t *testing.T) {
	before := netState(machine(gw4, "", "eth0 192.168.1.7/24 192.168.1.9/24"), nil)
	after := netState(machine("eth0 192.168.1.2", "", "eth0 192.168.1.8/24 192.168.1.9/24"), nil)
	_, got := diff(before, after)
	want := &NetChange{Old: before, New: after, DefaultRouteChanged: true, Major: true,
		Added:   []netip.Prefix{netip.MustParsePrefix("192.168.1.8/24")},
		Removed: []netip.Prefix{netip.MustParsePrefix("192.168.1.7/24")}}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

func TestInterfaceFilter(t *testing.T) {
	keep := func(name string) bool { return name != "eth0" }
	got := netState(machine(gw4, gw6, eth, "eth1 10.0.0.1/8"), keep)
	if got.Online() || len(got.Addrs) != 1 || got.Default6 != (Route{}) {
		t.Errorf("%+v", got)
	}
}
