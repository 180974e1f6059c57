//go:build integration && linux

package lab

import (
	"fmt"
	"testing"
)

// Two hosts and a cable. The one that accepts has an address of its own behind the cable's, so
// that it can be reached over others too.
const (
	dialerAddress   = "10.78.0.1"
	acceptorGateway = "10.78.0.2"
	acceptorAddress = "10.99.0.1"
	acceptorName    = "instance.lab"
)

// newHosts returns two hosts that reach each other; a's default route is to b.
func newHosts(t *testing.T) (a, b *host) {
	t.Helper()
	a, b = newHost(t), newHost(t)
	cable(a, b, "eth0", dialerAddress, acceptorGateway)
	a.run("ip", "route", "add", "default", "via", acceptorGateway)
	b.run("ip", "addr", "add", acceptorAddress+"/32", "dev", "lo")
	return a, b
}

// cable connects two hosts by interfaces of that name.
func cable(a, b *host, name, addressA, addressB string) {
	a.t.Helper()
	a.runs(fmt.Sprintf("ip link add %[1]s type veth peer name %[1]s netns %[2]s\n"+
		"ip addr add %[3]s/24 dev %[1]s\nip link set %[1]s up", name, b.pid(), addressA))
	b.runs(fmt.Sprintf("ip addr add %[2]s/24 dev %[1]s\nip link set %[1]s up", name, addressB))
}
