//go:build integration && linux

package power

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// namespace is powerwatch in a network namespace of its own.
type namespace struct{ *watcher }

func newNamespace(t *testing.T) namespace {
	need(t, map[string]string{"ip": "iproute2", "nsenter": "util-linux"})
	n := namespace{watch(t, syscall.CLONE_NEWNET, "unix:path=/nonexistent/bus")}
	n.ip("link set lo up", "link add eth0 type veth peer name far0", "link set far0 up", "link set eth0 up")
	n.status("netlink is watched", func(l line) bool { return l.Status["rtnetlink"].State == "active" })
	return n
}

// ip runs commands of ip(8) in the namespace.
func (n namespace) ip(commands ...string) {
	n.t.Helper()
	cmd := exec.Command("nsenter", "-t", strconv.Itoa(n.cmd.Process.Pid), "-n", "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("ip: %v\n%s", err, out)
	}
}

// soon waits for an event that has to come within a second.
func (n namespace) soon(kind string, commands ...string) line {
	n.t.Helper()
	n.ip(commands...)
	began := time.Now()
	l := n.event(kind)
	if took := time.Since(began); took > time.Second {
		n.t.Errorf("%v came after %v", kind, took)
	}
	if l.Source != "rtnetlink" {
		n.t.Errorf("%v came from %s", kind, l.Source)
	}
	return l
}

func TestG2_InterfaceAddressAndRouteChanges(t *testing.T) {
	n := newNamespace(t)
	n.soon("network-change", "addr add 10.1.0.1/24 dev eth0")
	n.soon("network-up", "route add default via 10.1.0.254")
	added := n.soon("network-change", "addr add 10.2.0.1/24 dev eth0")
	if fmt.Sprint(added.Added) != "[10.2.0.1/24]" || added.Major {
		t.Errorf("got %+v", added)
	}
	n.soon("network-change", "route replace default via 10.1.0.253")
	n.soon("network-change", "addr del 10.2.0.1/24 dev eth0")
	n.soon("network-down", "link set far0 down") // the carrier goes
	n.soon("network-up", "link set far0 up")
	n.soon("network-down", "link set eth0 down") // and takes the route along
	n.soon("network-change", "link set eth0 up")
	n.soon("network-up", "route add default dev eth0")
	n.soon("network-down", "link del eth0")
}

func TestG2_TheWayOutIsAskedOfTheKernel(t *testing.T) {
	n := newNamespace(t)
	// A network that has the addresses which are asked for is not the way out.
	n.soon("network-change", "addr add 192.0.2.7/24 dev eth0")
	n.soon("network-up", "route add default via 192.0.2.254 metric 100")
	n.soon("network-change", "addr add 10.8.0.2/24 dev far0")
	// VPNs: two halves.
	l := n.soon("network-change", "route add 0.0.0.0/1 dev far0", "route add 128.0.0.0/1 dev far0")
	if !l.Major {
		t.Errorf("the way out is another: %+v", l)
	}
	n.soon("network-change", "route del 0.0.0.0/1 dev far0", "route del 128.0.0.0/1 dev far0")
}

func TestG2_AVPNWithATableOfItsOwn(t *testing.T) {
	n := newNamespace(t)
	n.soon("network-change", "addr add 10.1.0.1/24 dev eth0")
	n.soon("network-up", "route add default via 10.1.0.254")
	n.soon("network-change", "addr add 10.8.0.2/24 dev far0")
	n.ip("route add default dev far0 table 51820")
	l := n.soon("network-change", "rule add priority 100 table 51820")
	if !l.Major {
		t.Errorf("the way out is another: %+v", l)
	}
	n.soon("network-change", "rule del priority 100 table 51820")
}

func TestG2_NoiseIsNoEvent(t *testing.T) {
	n := newNamespace(t)
	n.soon("network-change", "addr add 10.1.0.1/24 dev eth0")
	n.soon("network-up", "route add default via 10.1.0.254")
	before, _ := n.status("any", func(line) bool { return true })
	n.ip("link add docker0 type bridge", "addr add 172.17.0.1/16 dev docker0", "link set docker0 up",
		"link add veth12 type veth peer name veth34", "link set veth34 master docker0", "link set veth12 up", "link set veth34 up",
		"addr add 10.9.0.1/24 dev veth12",
		"addr add fe80::77/64 dev eth0", "addr add 169.254.7.7/16 dev eth0",
		"addr add 2001:db8::9/64 dev eth0 preferred_lft 0", // deprecated from the start
		"link set eth0 mtu 1400",
		"link del veth12", "link del docker0")
	// A change that counts follows: what came before it has been judged by then.
	n.ip("addr add 10.1.0.2/24 dev eth0")
	var events []line
	last := n.wait("the change that counts", func(l line) bool {
		if l.Event != "" {
			events = append(events, l)
		}
		return strings.Contains(fmt.Sprint(l.Added), "10.1.0.2/24")
	})
	if len(events) != 1 || fmt.Sprint(last.Added) != "[10.1.0.2/24]" {
		t.Errorf("noise came through: %+v", events)
	}
	after, _ := n.status("any", func(line) bool { return true })
	if told := after.Status["rtnetlink"].Hints - before.Status["rtnetlink"].Hints; told < 10 {
		t.Errorf("the kernel told of %d changes only", told)
	}
}

// The program is stopped while more changes than its socket holds.
func TestG6_NetlinkOverflow(t *testing.T) {
	n := newNamespace(t)
	pid := n.cmd.Process.Pid
	if d := dropped(t, pid); d != 0 {
		t.Fatalf("%d messages are lost already", d)
	}
	var adds, dels []string
	for i := range 3000 {
		addr := fmt.Sprintf("addr %%s 10.%d.%d.1/32 dev eth0", 10+i/250, i%250)
		adds = append(adds, fmt.Sprintf(addr, "add"))
		dels = append(dels, fmt.Sprintf(addr, "del"))
	}
	syscall.Kill(pid, syscall.SIGSTOP)
	n.ip(append(append(adds, dels...), "addr add 10.99.0.1/24 dev eth0")...)
	lost := dropped(t, pid)
	syscall.Kill(pid, syscall.SIGCONT)
	if lost == 0 {
		t.Fatal("the socket did not overflow")
	}
	n.wait("the state is right again", func(l line) bool { return strings.Contains(fmt.Sprint(l.Added), "10.99.0.1/24") })
	s, _ := n.status("it settles", func(l line) bool { return fmt.Sprint(l.Addrs) == "[10.99.0.1/24]" })
	if b := s.Status["rtnetlink"]; b.State != "active" || b.Fails != 0 {
		t.Errorf("got %+v", b)
	}
	n.soon("network-up", "route add default via 10.99.0.254") // it still lives
}

// dropped sums up what netlink sockets of route type in pid's namespace have lost.
func dropped(t *testing.T, pid int) (sum int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/netlink", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range strings.Split(string(b), "\n")[1:] {
		// sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
		f := strings.Fields(row)
		if len(f) < 10 || f[1] != "0" {
			continue
		}
		n, err := strconv.Atoi(f[8])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
