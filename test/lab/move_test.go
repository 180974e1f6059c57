//go:build integration && linux

package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// A hub's machine moves from one network to another and back. Its sessions notice at once and
// move too, whether the old address is gone, so that the old connections are silent, or still
// there. What comes and goes without concerning them makes them do nothing, and sessions over
// loopback do not notice anything.
func TestG2_Move(t *testing.T) {
	t.Parallel()
	p := newPair(t, 8)
	cable(p.a, p.b, "eth1", "10.79.0.1", "10.79.0.2")
	p.a.runs("echo 2 >/proc/sys/net/ipv6/conf/eth0/use_tempaddr; ip addr add fd00:78::1/64 dev eth0 nodad")
	home := newSite(p.a)
	home.startHub()
	home.startInstance("local")
	before := home.awaitActive(1)
	time.Sleep(2 * time.Second) // until the new cable is no news

	quietSince := time.Now()
	for _, noise := range []string{
		"ip link add veth8 type veth peer name veth9; ip link set veth8 up; ip link set veth9 up",
		"ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up",
		"ip addr add fe80::1234/64 dev eth0",
		"ip addr change fd00:78::1/64 dev eth0 mngtmpaddr nodad; ip addr show dev eth0 | grep temporary",
		"ip addr del fe80::1234/64 dev eth0",
		"ip link del veth8; ip link del docker0",
	} {
		began := time.Now()
		p.a.runs(noise)
		time.Sleep(1500 * time.Millisecond)
		if n := changesSince(p.dial.said(), began); len(n) != 0 {
			t.Errorf("%s: sessions changed: %+v", noise, n)
		}
	}

	var noticed, resumed times
	for round, move := range []struct{ name, script, local string }{
		{"away, the old address gone", "ip route replace default via 10.79.0.2; ip addr del 10.78.0.1/24 dev eth0", "10.79.0.1"},
		{"back, the old address still there", "ip addr add 10.78.0.1/24 dev eth0; ip route replace default via 10.78.0.2", "10.78.0.1"},
		{"away, the old address still there", "ip route replace default via 10.79.0.2", "10.79.0.1"},
		{"back, the cable pulled", "ip link set eth1 down; ip route replace default via 10.78.0.2", "10.78.0.1"},
	} {
		began := time.Now()
		p.a.runs(move.script)
		over := time.Now()
		await(t, move.name, func() bool {
			out := p.a.run("ss", "-Htn", "state", "established", "dst", acceptorAddress)
			return p.dial.allActive(p.sessions) && strings.Count(out, move.local+":") == p.sessions &&
				strings.Count(out, "\n") == p.sessions
		})
		n, r := measure(p.dial.said(), began, over)
		t.Logf("round %d, %s: noticed %v, resumed %v", round, move.name, n, r)
		noticed, resumed = append(noticed, n...), append(resumed, r...)
		first := make(map[string]bool)
		for _, c := range changesSince(p.dial.said(), began) {
			if !first[c.ID] && c.Trigger != "network" {
				t.Errorf("%s: %+v", move.name, c)
			}
			first[c.ID] = true
		}
		time.Sleep(time.Second)
	}
	within(t, "noticing", noticed, time.Second)
	within(t, "moving", resumed, 2*time.Second)
	if len(noticed) < 4*p.sessions {
		t.Errorf("%d of %d moves were noticed", len(noticed), 4*p.sessions)
	}
	home.sameSessions(t, before)
	if local := home.byName()["local"]; local.Epoch != before["local"].Epoch || local.Resumes != 0 {
		t.Errorf("the session over loopback: %+v has become %+v", before["local"], local)
	}
	for _, c := range home.history("local") {
		if c.At.After(quietSince) {
			t.Errorf("the session over loopback changed: %+v", c)
		}
	}
	p.settle(row{fault: "G2 move to another network", noticed: noticed, resumed: resumed})
}

// changesSince returns the changes of all sessions since then.
func changesSince(lines []report.Line, since time.Time) (changes []report.Change) {
	for _, l := range lines {
		if l.Change != nil && l.At.After(since) {
			changes = append(changes, *l.Change)
		}
	}
	return changes
}
