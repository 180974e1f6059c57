//go:build integration && linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// added is how much longer calls of others may take for what is broken.
const added = 10 * time.Millisecond

// latency calls a tool of an instance for a while and returns how long each call took.
func (s *site) latency(name string, lasts time.Duration) (took times) {
	s.t.Helper()
	for until := time.Now().Add(lasts); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
		if _, err := s.call(ctx, name, "scripts_status", nil); err != nil {
			s.t.Error(err)
		}
		cancel()
		took = append(took, time.Since(began))
	}
	return took
}

// An instance that is stopped and has calls waiting makes those of others no slower. What else
// the machine does can only make it look worse: the best of some rounds counts.
func TestE4_OneBrokenInstance(t *testing.T) {
	t.Parallel()
	s := newSite(newHost(t))
	s.startHub()
	s.startInstance("broken")
	s.startInstance("well")
	s.awaitActive(2)
	best := time.Hour
	var during times
	for round := 0; round < 8 && (best > added || round < 2); round++ {
		alone := s.latency("well", time.Second)
		s.instances["broken"].signal(syscall.SIGSTOP)
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range 10 {
			waiting.Go(func() { s.call(ctx, "broken", "scripts_status", nil) })
		}
		beside := s.latency("well", 2*time.Second)
		cancel()
		waiting.Wait()
		s.instances["broken"].signal(syscall.SIGCONT)
		during = append(during, beside...)
		best = min(best, beside.at(0.95)-alone.at(0.95))
		t.Logf("calls took %v alone, %v beside a broken instance", alone, beside)
	}
	if best > added {
		t.Errorf("a broken instance adds %v to calls of others at p95, want at most %v", best, added)
	}
	s.awaitActive(2)
	figures.add(row{fault: "E4 calls beside a stopped instance", sessions: 1, resumed: during,
		sent: uint64(len(during)), delivered: uint64(len(during))})
}

// Fifty instances lose their connections again and again, all at once: the hub answers for
// another one as before, and has all of them back, on the same sessions, when it is over.
func TestE4_FiftyFlap(t *testing.T) {
	t.Parallel()
	const n, flaps = 50, 4
	s := newSite(newHost(t))
	s.startHub()
	s.startInstance("steady")
	s.awaitActive(1)
	steady := strconv.Itoa(s.port("steady"))
	storm := []string{ // new connections fail for all others
		"tcp sport " + steady + " accept", "tcp dport " + steady + " accept",
		`iifname "lo" tcp flags & rst == rst accept`, `iifname "lo" meta l4proto tcp reject with tcp reset`,
	}
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("flapping%02d", i)) // none a prefix of another
		s.startInstance(names[i])
	}
	before := s.awaitActive(n + 1)
	best := time.Hour
	var during, noticed, resumed times
	for range flaps {
		alone := s.latency("steady", time.Second)
		began := time.Now()
		s.filter(storm...)
		s.killConnections("sport != :"+steady, "and", "dport != :"+steady)
		calls := s.latency("steady", 1500*time.Millisecond)
		over := time.Now()
		s.filter()
		s.awaitActive(n + 1)
		gone, back := s.measureHistories(names, began, over)
		t.Logf("calls took %v alone, %v beside %d that flap; noticed %v, resumed %v", alone, calls, n, gone, back)
		during, noticed, resumed = append(during, calls...), append(noticed, gone...), append(resumed, back...)
		best = min(best, calls.at(0.5)-alone.at(0.5))
	}
	if best > added || during.at(1) > 2*time.Second {
		t.Errorf("calls of others took %v beside %d that flap, %v longer, want at most %v", during, n, best, added)
	}
	if len(noticed) < n*flaps || len(resumed) < n*flaps {
		t.Errorf("%d losses and %d resumes of %d", len(noticed), len(resumed), n*flaps)
	}
	within(t, "resuming", resumed, 2*time.Second)
	s.sameSessions(t, before)
	figures.add(row{fault: "50 flap", sessions: n, noticed: noticed, resumed: resumed})
	figures.add(row{fault: "50 flap: calls of another", sessions: 1, resumed: during,
		sent: uint64(len(during)), delivered: uint64(len(during))})
}

// port is that of an instance, as its file says.
func (s *site) port(name string) int {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.discovery, "*.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has gone
		}
		var i struct {
			Name string `json:"name"`
			Port int    `json:"port"`
		}
		if json.Unmarshal(data, &i) == nil && i.Name == name {
			return i.Port
		}
	}
	s.t.Fatalf("no file of %s in %s", name, s.discovery)
	return 0
}
