package power

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/standardbeagle/brum/power/internal/system"
)

// stdNetwork takes a snapshot with what the standard library offers on every system. It can't
// tell passing addresses from others, and gateways it does not know.
func stdNetwork() (system.Network, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return system.Network{}, fmt.Errorf("power: list network interfaces: %w", err)
	}
	var raw system.Network
	for _, i := range interfaces {
		r := system.Interface{
			Name:     i.Name,
			Up:       i.Flags&(net.FlagUp|net.FlagRunning) == net.FlagUp|net.FlagRunning,
			Loopback: i.Flags&net.FlagLoopback != 0,
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it went while we looked
		}
		for _, a := range addrs {
			if p, ok := prefix(a); ok {
				r.Addrs = append(r.Addrs, system.Addr{Prefix: p})
			}
		}
		raw.Interfaces = append(raw.Interfaces, r)
	}
	raw.Default4 = routeTo("192.0.2.1", raw.Interfaces)
	raw.Default6 = routeTo("2001:db8::1", raw.Interfaces)
	return raw, nil
}

func prefix(a net.Addr) (netip.Prefix, bool) {
	n, ok := a.(*net.IPNet)
	if !ok {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return netip.Prefix{}, false
	}
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), ones), true
}

// routeTo finds the interface that packets to an address would leave by. Connecting a UDP
// socket looks the route up and sends nothing; the addresses are those set aside for
// documentation, which nobody has.
func routeTo(addr string, interfaces []system.Interface) system.Route {
	c, err := net.Dial("udp", net.JoinHostPort(addr, "9"))
	if err != nil {
		return system.Route{}
	}
	defer c.Close()
	local := ip(c.LocalAddr())
	for _, i := range interfaces {
		for _, a := range i.Addrs {
			if a.Prefix.Addr() == local && !i.Loopback {
				return system.Route{Interface: i.Name}
			}
		}
	}
	return system.Route{}
}
