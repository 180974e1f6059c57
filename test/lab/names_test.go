//go:build integration && linux

package lab

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The name in a session's URL can't be resolved for a while, just when connections are lost:
// first the name server is silent, then it is not there.
func TestNamesFail(t *testing.T) {
	t.Parallel()
	a, b := newHosts(t)
	nameServer(a, b)
	p := &pair{t: t, a: a, b: b, sessions: 4, url: "wss://" + acceptorName + ":" + acceptPort}
	p.startAccept()
	p.startDial()
	var noticed, resumed times
	for _, rule := range []string{"udp sport 53 drop", "udp sport 53 reject"} {
		began := time.Now()
		a.filter(rule)
		if rule == "udp sport 53 reject" {
			b.filter("udp dport 53 reject") // which the asking side is told
		}
		a.killConnections()
		time.Sleep(8 * time.Second)
		if n := changesSince(p.dial.said(), began); len(n) == 0 || n[len(n)-1].To == "active" {
			t.Errorf("%s: sessions came back without the name: %+v", rule, n)
		}
		over := time.Now()
		a.filter()
		b.filter()
		p.awaitActive()
		n, r := measure(p.dial.said(), began, over)
		t.Logf("%s: noticed %v, resumed %v", rule, n, r)
		noticed, resumed = append(noticed, n...), append(resumed, r...)
	}
	within(t, "resuming", resumed, 5*time.Second) // a resolver asks again after so long
	p.settle(row{fault: "names fail, 8 s", noticed: noticed, resumed: resumed})
}

// nameServer starts one on b that a asks.
func nameServer(a, b *host) {
	a.t.Helper()
	startPeer(b, "names", "-listen", acceptorGateway+":53", "-target", acceptorAddress).address()
	conf := filepath.Join(a.dir, "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver "+acceptorGateway+"\n"), 0o644); err != nil {
		a.t.Fatal(err)
	}
	a.runs(`f=$(readlink -m /etc/resolv.conf)
		[ -e "$f" ] || { mkdir -p "$(dirname "$f")"; touch "$f"; }
		mount --bind ` + conf + ` "$f"`)
}
