package powertest

import (
	"fmt"
	"net/netip"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Network is what networks a machine has, beside loopback.
type Network []Interface

// Interface is one that is up.
type Interface struct {
	Name  string
	Addrs []string // with the length of the network's prefix: "192.168.1.7/24"
	// Temporary are IPv6 addresses that come and go.
	Temporary []string
	// Gateways make it the interface of the default route, for IPv4, IPv6 or both. Of several
	// such interfaces the first counts.
	Gateways []string
}

// Networks to choose from.
var (
	Home = Network{{Name: "wlan0", Addrs: []string{"192.168.1.7/24", "2001:db8:1::7/64"}, Gateways: []string{"192.168.1.1", "fe80::1"}}}
	Work = Network{{Name: "eth0", Addrs: []string{"10.20.30.40/16"}, Gateways: []string{"10.20.0.1"}}}
	// Offline is a machine with nothing but loopback.
	Offline = Network{}
)

// raw makes a snapshot of it.
func (n Network) raw() (system.Network, error) {
	raw := system.Network{Interfaces: []system.Interface{{
		Name: "lo", Up: true, Loopback: true, Addrs: []system.Addr{
			{Prefix: netip.MustParsePrefix("127.0.0.1/8")}, {Prefix: netip.MustParsePrefix("::1/128")},
		},
	}}}
	for _, i := range n {
		r := system.Interface{Name: i.Name, Up: true}
		for j, text := range append(append([]string(nil), i.Addrs...), i.Temporary...) {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				return system.Network{}, fmt.Errorf("powertest: address of %s: %w", i.Name, err)
			}
			r.Addrs = append(r.Addrs, system.Addr{Prefix: p, Passing: j >= len(i.Addrs)})
		}
		raw.Interfaces = append(raw.Interfaces, r)
		for _, text := range i.Gateways {
			gateway, err := netip.ParseAddr(text)
			if err != nil {
				return system.Network{}, fmt.Errorf("powertest: gateway of %s: %w", i.Name, err)
			}
			way := &raw.Default4
			if gateway.Is6() {
				way = &raw.Default6
			}
			if way.Interface == "" {
				*way = system.Route{Interface: i.Name, Gateway: gateway}
			}
		}
	}
	return raw, nil
}
