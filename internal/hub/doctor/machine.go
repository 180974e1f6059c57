package doctor

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/standardbeagle/brum/power"
)

// earliest is a time that has passed: a clock before it was never set.
var earliest = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func clockFindings(s power.Status) []Finding {
	a, c := on(Clocks), s.Clocks
	wall := a.ok("wall clock", "%s", c.Wall.Format(time.RFC3339))
	if c.Wall.Before(earliest) {
		wall = a.finding(Degraded, "wall clock", wall.What+": it was never set", "set the date, or let it be set (timedatectl set-ntp true); certificates depend on it")
	}
	awake := a.ok("awake", "%v since the system was started", c.Awake.Round(time.Second))
	if !s.SleepClock {
		return []Finding{wall, awake, a.finding(Note, "sleep counter", "this system has none: a wake shows as a jump of the wall clock", "")}
	}
	return []Finding{wall, awake, a.ok("sleep counter", "the system slept %v since it was started", c.Slept.Round(time.Millisecond))}
}

func networkFindings(s power.Status) []Finding {
	a, n := on(Network), s.Network
	if s.NetworkErr != nil {
		return []Finding{a.finding(Degraded, "networks", "can't be looked at: "+line(s.NetworkErr),
			"let the program read interfaces and routes (a sandbox forbids it); until then nobody is held while offline")}
	}
	online := a.ok("online", "there is a default route and a routable address")
	if !n.Online() {
		online = a.finding(Note, "online", "no: sessions on this machine work, others wait for a network", "")
	}
	var addresses []string
	for _, p := range n.Addrs {
		addresses = append(addresses, p.String())
	}
	return []Finding{
		online,
		a.ok("IPv4 route", "%s", route(n.Default4)),
		a.ok("IPv6 route", "%s", route(n.Default6)),
		a.ok("addresses", "%s", orNone(strings.Join(addresses, " "))),
	}
}

func route(r power.Route) string {
	switch {
	case r == power.Route{}:
		return "none"
	case r.Gateway == netip.Addr{}:
		return "over " + r.Interface
	default:
		return fmt.Sprintf("over %s by %v", r.Interface, r.Gateway)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
