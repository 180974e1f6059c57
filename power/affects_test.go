package power

import (
	"net"
	"testing"

	"github.com/standardbeagle/brum/power/internal/system"
)

func tcp(text string) net.Addr {
	if text == "" {
		return nil
	}
	a, err := net.ResolveTCPAddr("tcp", text)
	if err != nil {
		panic(err)
	}
	return a
}

func TestG2_WhichConnectionsAnEventConcerns(t *testing.T) {
	home := machine(gw4, gw6, eth+" 2001:db8::aaaa/64?")
	for _, c := range []struct {
		name          string
		after         system.Network
		local, remote string
		want          bool
	}{
		{"loopback", machine("", ""), "127.0.0.1:1", "127.0.0.1:2", false},
		{"loopback, mapped", machine("", ""), "[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:2", false},
		{"loopback, IPv6", machine("", ""), "[::1]:1", "[::1]:2", false},
		{"loopback, one end known", machine("", ""), "", "127.0.0.1:2", false},
		{"local address gone", machine("wlan0 10.0.0.1", "", "wlan0 10.0.0.2/8"), "192.168.1.7:1", "192.168.1.9:2", true},
		{"local address gone, peer far", machine("wlan0 10.0.0.1", "", "wlan0 10.0.0.2/8"), "192.168.1.7:1", "198.51.100.1:2", true},
		{"way out gone, peer far", machine("", "", eth), "192.168.1.7:1", "198.51.100.1:2", true},
		{"way out gone, peer near", machine("", "", eth), "192.168.1.7:1", "192.168.1.9:2", false},
		{"other gateway, peer far", machine("eth0 192.168.1.2", gw6, eth), "192.168.1.7:1", "198.51.100.1:2", true},
		{"other gateway, peer near", machine("eth0 192.168.1.2", gw6, eth), "192.168.1.7:1", "192.168.1.9:2", false},
		{"a neighbor that is none any more", machine(gw4, gw6, "eth0 192.168.1.7/32 2001:db8::7/64"), "192.168.1.7:1", "192.168.1.9:2", true},
		{"other gateway of IPv6, peer by IPv4", machine(gw4, "eth0 fe80::99", eth), "192.168.1.7:1", "198.51.100.1:2", false},
		{"other gateway of IPv6, peer by IPv6", machine(gw4, "eth0 fe80::99", eth+" 2001:db8::aaaa/64?"), "[2001:db8::aaaa]:1", "[2001:db8:1::1]:2", true},
		{"other gateway of IPv4, peer by IPv6", machine("eth0 192.168.1.2", gw6, eth+" 2001:db8::aaaa/64?"), "[2001:db8::aaaa]:1", "[2001:db8:1::1]:2", false},
		{"one more address", machine(gw4, gw6, eth+" 10.0.0.1/8"), "192.168.1.7:1", "198.51.100.1:2", false},
		{"one more address; a temporary one is still there", machine(gw4, gw6, eth+" 10.0.0.1/8 2001:db8::aaaa/64?"), "[2001:db8::aaaa]:1", "[2001:db8:1::1]:2", false},
		{"one more address; the temporary one is gone", machine(gw4, gw6, eth+" 10.0.0.1/8"), "[2001:db8::aaaa]:1", "[2001:db8:1::1]:2", true},
		{"link-local with zone", machine(gw4, gw6, eth+" 10.0.0.1/8"), "[fe80::7%eth0]:1", "[fe80::8%eth0]:1", false},
		{"nothing known", machine(gw4, gw6, eth+" 10.0.0.1/8"), "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, change := diff(netState(home, nil), netState(c.after, nil))
			if kind == 0 {
				t.Fatal("no event")
			}
			if got := (Event{Kind: kind, Net: change}).Affects(tcp(c.local), tcp(c.remote)); got != c.want {
				t.Errorf("%v: got %v", kind, got)
			}
		})
	}
	down := Event{Kind: NetworkDown, Net: &NetChange{}}
	unix := &net.UnixAddr{Name: "/run/x", Net: "unix"}
	if down.Affects(unix, unix) {
		t.Error("a Unix socket does not care about networks")
	}
	for kind, want := range map[Kind]bool{Resume: true, DarkWake: true, Suspend: false, SuspendCanceled: false, ClockStep: false} {
		if got := (Event{Kind: kind}).Affects(tcp("127.0.0.1:1"), tcp("127.0.0.1:2")); got != want {
			t.Errorf("%v on loopback: %v", kind, got)
		}
	}
}

// A machine without a way out reaches itself and its neighbours, those in virtual machines and
// containers among them.
func TestG3_WhatIsReachedWithoutADefaultRoute(t *testing.T) {
	s := netState(machine("", "", eth, "docker0 172.17.0.1/16 kind=bridge", "tap0 10.77.0.1/24", "wlan0 10.1.0.1/24 down"), nil)
	for remote, want := range map[string]bool{
		"127.0.0.1:1":      true,
		"192.168.1.9:1":    true,
		"[2001:db8::99]:1": true,
		"172.17.0.2:1":     true,
		"10.77.0.2:1":      true,
		"10.1.0.2:1":       false,
		"198.51.100.1:1":   false,
		"":                 false,
	} {
		if got := s.Reaches(tcp(remote)); got != want {
			t.Errorf("%q: %t", remote, got)
		}
	}
}
