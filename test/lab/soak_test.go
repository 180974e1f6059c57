//go:build integration && linux && soak

package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soak is a long time of faults of all kinds, one after the other, on sessions across a network
// and on the programs.
type soak struct {
	t         *testing.T
	pair      *pair
	site      *site
	names     []string
	random    *rand.Rand
	away      bool // the pair's dialer has moved to the other cable
	instances map[string]instance
}

// TestSoak takes as long as SOAK says; the same SOAK_SEED makes the same faults. In the end not
// a message is missing or doubled, every session is the one that it was, and no process has
// grown.
func TestSoak(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		t.Fatalf("SOAK says how long: %v", err)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SOAK_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("SOAK_SEED: %v", err)
		}
	}
	t.Logf("SOAK=%v SOAK_SEED=%d", lasts, seed)

	s := &soak{t: t, pair: newPair(t, 8), random: rand.New(rand.NewPCG(seed, 0))}
	cable(s.pair.a, s.pair.b, "eth1", "10.79.0.1", "10.79.0.2")
	s.site, s.names = newProjects(t, 5)
	s.instances = s.site.awaitActive(len(s.names))
	var followers []*follower
	for _, name := range s.names {
		followers = append(followers, s.site.follow(name))
	}
	w := newWatched()
	w.add("dialing peer", s.pair.dial.process)
	w.add("accepting peer", s.pair.accept.process)
	w.add("hub", s.site.hub)
	for _, name := range s.names {
		w.add(name, s.site.instances[name])
	}

	began := time.Now()
	calls := uint64(0)
	var noticed, resumed times
	for time.Since(began) < lasts {
		name, from, over := s.fault()
		s.pair.awaitActive()
		s.site.awaitActive(len(s.names))
		for _, name := range s.names {
			if _, err := s.site.call(t.Context(), name, "scripts_status", nil); err != nil {
				t.Errorf("after %s: %v", name, err)
			}
			calls++
		}
		s.peace()
		n, r := measure(s.pair.dial.said(), from, over)
		t.Logf("%7v %s: noticed %v, resumed %v", time.Since(began).Round(time.Second), name, n, r)
		noticed, resumed = append(noticed, n...), append(resumed, r...)
		w.measure(t, time.Since(began))
	}

	s.site.sameSessions(t, s.instances)
	lines := uint64(0)
	for i, f := range followers {
		f.end()
		for n, got := range f.lines {
			if want := fmt.Sprint("line ", n+1); got != want {
				t.Fatalf("%s: %q came, want %q", s.names[i], got, want)
			}
		}
		lines += uint64(len(f.lines))
	}
	if least := uint64(lasts.Seconds()) * uint64(len(s.names)); lines < least {
		t.Errorf("%d lines have come, want at least %d", lines, least)
	}
	w.flat(t)
	s.pair.settle(row{fault: "soak, " + lasts.String(), noticed: noticed, resumed: resumed})
	figures.add(row{fault: "soak, " + lasts.String() + ", programs", sessions: len(s.names), sent: lines + calls, delivered: lines + calls})
}

// peace lasts so long that sessions settle.
func (s *soak) peace() { time.Sleep(time.Second + rand.N(time.Second)) }

// fault makes one at random, for up to 6 seconds, and tells which and from when until when.
func (s *soak) fault() (name string, began, over time.Time) {
	s.t.Helper()
	p, loop := s.pair, s.site
	lasts := time.Duration(s.random.IntN(6000)) * time.Millisecond
	filtered := func(rules ...string) func() {
		return func() {
			p.a.filter(rules...)
			p.b.filter(rules...)
			time.Sleep(lasts)
			p.a.filter()
			p.b.filter()
		}
	}
	stopped := func(x *process) func() {
		return func() {
			x.signal(syscall.SIGSTOP)
			time.Sleep(lasts)
			x.signal(syscall.SIGCONT)
		}
	}
	faults := []struct {
		name string
		do   func()
	}{
		{"drop", filtered(dropAll)},
		{"loss", filtered(dropFifth)},
		{"resets", filtered(resetAll)},
		{"large packets lost", filtered(dropLarge)},
		{"connections aborted", func() { p.a.killConnections() }},
		{"other network", s.move},
		{"dialing peer stopped", stopped(p.dial.process)},
		{"accepting peer stopped", stopped(p.accept.process)},
		{"programs: drop", func() {
			loop.filter(dropOnLoop)
			time.Sleep(lasts)
			loop.filter()
		}},
		{"programs: connections aborted", func() { loop.killConnections() }},
		{"programs: hub stopped", stopped(loop.hub)},
		{"programs: instance stopped", stopped(loop.instances[s.names[0]])},
	}
	f := faults[s.random.IntN(len(faults))]
	began = time.Now()
	f.do()
	return strings.TrimSpace(f.name + " " + lasts.Round(time.Millisecond).String()), began, time.Now()
}

// move takes the pair's dialer to the other cable, whose address is then the only one.
func (s *soak) move() {
	s.t.Helper()
	if s.away {
		s.pair.a.runs("ip addr add " + dialerAddress + "/24 dev eth0; ip route replace default via " + acceptorGateway)
	} else {
		s.pair.a.runs("ip route replace default via 10.79.0.2; ip addr del " + dialerAddress + "/24 dev eth0")
	}
	s.away = !s.away
}
