package power

import (
	"net/netip"
	"strings"

	"github.com/standardbeagle/brum/power/internal/system"
)

// noisePrefixes are names of interfaces that come and go with containers, virtual machines,
// tunnels and radio chatter, none of which carries a session's packets, unless the default
// route leads over it.
var noisePrefixes = []string{
	"veth", "docker", "br-", "virbr", "vnet", "cni", "cali", "flannel", "lxc", "lxd", "podman", "tap", // Linux
	"llw", "awdl", "ipsec", "gif", "stf", "XHC", "anpi", "ap", "utun", "bridge", // macOS
	"vEthernet (Default Switch)", "vEthernet (WSL", // Windows
}

// noise says whether what happens to i means nothing to connections.
func noise(i system.Interface, s NetState) bool {
	if i.Name == s.Default4.Interface || i.Name == s.Default6.Interface {
		return false
	}
	if i.Enslaved || i.Kind == "bridge" {
		return true
	}
	for _, p := range noisePrefixes {
		if strings.HasPrefix(i.Name, p) {
			return true
		}
	}
	return false
}

// routable says whether addr can be known beyond its link.
func routable(addr netip.Addr) bool {
	return addr.IsGlobalUnicast() && !addr.IsLinkLocalUnicast()
}
