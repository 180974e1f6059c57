//go:build sleep && linux

package sleep

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// makeNetwork sets up this namespace, in which the guest is the only neighbour.
func makeNetwork() error {
	for _, step := range []string{
		"link set lo up",
		"tuntap add dev " + tap + " mode tap",
		"addr add " + side.OutsideAddress + side.Network + " dev " + tap,
		"link set " + tap + " up",
	} {
		if err := run("", "ip", strings.Fields(step)...); err != nil {
			return err
		}
	}
	return nil
}

func run(stdin, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// flow is a TCP connection between this side and the guest.
type flow struct{ local, remote netip.AddrPort }

// flows returns those that are established.
func flows() ([]flow, error) {
	data, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return nil, err
	}
	const established = "01"
	guest := netip.MustParseAddr(side.GuestAddress)
	var list []flow
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != established {
			continue
		}
		local, err := endpoint(fields[1])
		if err != nil {
			return nil, err
		}
		remote, err := endpoint(fields[2])
		if err != nil {
			return nil, err
		}
		if remote.Addr() == guest {
			list = append(list, flow{local, remote})
		}
	}
	return list, nil
}

// endpoint reads an address of /proc/net/tcp: hexadecimal, in the order of a little endian
// machine.
func endpoint(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(host)
	if err != nil || len(ip) != 4 {
		return netip.AddrPort{}, fmt.Errorf("an address %q in /proc/net/tcp", text)
	}
	slices.Reverse(ip)
	n, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip)), uint16(n)), err
}

// fate is what the network does to connections that were made before.
type fate string

const (
	kept       fate = ""
	reset      fate = "reject with tcp reset" // as a machine does that knows nothing of them
	blackholed fate = "drop"
)

// inflict has all connections that there are suffer a fate, in both directions; new ones are
// fine. It returns how many there are.
func inflict(f fate) (int, error) {
	list, err := flows()
	if err != nil || f == kept {
		return len(list), err
	}
	var in, out strings.Builder
	for _, c := range list {
		fmt.Fprintf(&in, "ip saddr %v tcp sport %d tcp dport %d %s\n", c.remote.Addr(), c.remote.Port(), c.local.Port(), f)
		// Not what says so: resets pass here, too.
		fmt.Fprintf(&out, "ip daddr %v tcp sport %d tcp dport %d tcp flags & rst == 0 %s\n", c.remote.Addr(), c.local.Port(), c.remote.Port(), f)
	}
	rules := fmt.Sprintf(`table inet fate {
chain input { type filter hook input priority 0
%s}
chain output { type filter hook output priority 0
%s}
}`, in.String(), out.String())
	return len(list), run(rules, "nft", "-f", "-")
}

// heal takes back what inflict did.
func heal() error {
	return run("table inet fate\ndelete table inet fate\n", "nft", "-f", "-")
}
