// Command bench compares brum's sessions with bare WebSockets, between two processes over
// loopback. The peers take turns, round by round, so that whatever else the machine does
// hits all of them; figures are medians, ratios are medians of the rounds' ratios.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

type options struct {
	peers       []peer
	only        string
	rounds      int
	each        time.Duration
	idleRounds  int
	connections int
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		serve  = flag.String("serve", "", "be the server of this peer (used by the program itself)")
		names  = flag.String("peers", defaultPeers, "peers to measure, of: "+strings.Join(allNames(), ", "))
		only   = flag.String("only", "", "measure only scenarios whose name contains this; \"idle\": idle connections")
		rounds = flag.Int("rounds", 7, "how often each peer is measured")
		each   = flag.Duration("time", time.Second, "about how long each measurement takes")
		idles  = flag.Int("idle-rounds", 3, "how often idle connections are measured")
		conns  = flag.Int("connections", 1000, "how many idle connections are opened")
		quick  = flag.Bool("quick", false, "about a minute in all: short rounds, less to be trusted")
	)
	flag.Parse()
	if *serve != "" {
		p, err := findPeers(*serve)
		if err != nil {
			return err
		}
		return runServer(p[0])
	}
	chosen, err := findPeers(*names)
	if err != nil {
		return err
	}
	o := options{chosen, *only, *rounds, *each, *idles, *conns}
	if *quick {
		o.rounds, o.each, o.idleRounds = 3, 350*time.Millisecond, 1
	}
	return compare(o)
}

func allNames() []string {
	var names []string
	for _, p := range peers() {
		names = append(names, p.name())
	}
	return names
}

func compare(o options) error {
	began := time.Now()
	t := &table{}
	for i, p := range o.peers {
		t.columns = append(t.columns, p.name())
		if p.name() == "coder-reader" {
			t.baseline = i
		}
	}
	if err := addScenarios(t, o); err != nil {
		return err
	}
	if strings.Contains("idle", o.only) {
		if err := addIdle(t, o); err != nil {
			return err
		}
	}
	printHead(o, t)
	if err := t.print(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\nmeasured in %s\n", time.Since(began).Round(time.Second))
	return nil
}

func addScenarios(t *table, o options) error {
	servers := make([]*server, len(o.peers))
	for i, p := range o.peers {
		s, err := startServer(p)
		if err != nil {
			return err
		}
		defer s.stop()
		servers[i] = s
	}
	for _, sc := range scenarios() {
		if !strings.Contains(sc.name, o.only) {
			continue
		}
		samples, err := interleave(sc, o, servers)
		if err != nil {
			return err
		}
		columns := func(what, unit string, of func(sample) float64) {
			r := t.add(what, unit, unit != "allocs")
			for i := range samples {
				for _, s := range samples[i] {
					r.cells[i] = append(r.cells[i], of(s))
				}
			}
		}
		columns(sc.name, sc.unit, func(s sample) float64 { return s.value })
		if samples[0][0].cpu > 0 {
			columns("", "CPU s/M", func(s sample) float64 { return s.cpu })
		}
		columns("", "allocs", func(s sample) float64 { return s.allocs })
	}
	return nil
}

// interleave measures a scenario round by round, each round in another order.
func interleave(sc scenario, o options, servers []*server) ([][]sample, error) {
	counts := make([]int, len(o.peers))
	for i, p := range o.peers {
		if !carries(p, sc) {
			continue
		}
		n, err := sc.calibrate(p, servers[i], o.each)
		if err != nil {
			return nil, err
		}
		counts[i] = n
	}
	samples := make([][]sample, len(o.peers))
	for round := range o.rounds {
		for k := range o.peers {
			i := (k + round) % len(o.peers)
			if !carries(o.peers[i], sc) {
				continue
			}
			_, s, err := sc.measure(o.peers[i], servers[i], counts[i])
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], s)
		}
		progress("%s: round %d of %d", sc.name, round+1, o.rounds)
	}
	progress("")
	return samples, nil
}

// progress rewrites a line on the terminal, if there is one.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "\r%-40s\r", fmt.Sprintf(format, args...))
}

func carries(p peer, sc scenario) bool {
	return p.maxMessage() == 0 || sc.size <= p.maxMessage()
}

func addIdle(t *table, o options) error {
	results := make([][]idle, len(o.peers))
	for round := range o.idleRounds {
		progress("idle connections: round %d of %d", round+1, o.idleRounds)
		for k := range o.peers {
			i := (k + round) % len(o.peers)
			m, err := measureIdle(o.peers[i], o.connections)
			if err != nil {
				return err
			}
			results[i] = append(results[i], m)
		}
	}
	progress("")
	columns := func(what, unit string, of func(idle) float64) {
		r := t.add(what, unit, true)
		for i := range results {
			for _, m := range results[i] {
				r.cells[i] = append(r.cells[i], of(m))
			}
		}
	}
	if results[0][0].rss != 0 {
		columns("idle connection, RSS", "KiB", func(m idle) float64 { return m.rss })
	}
	columns("idle connection, heap and stacks", "KiB", func(m idle) float64 { return m.heap })
	columns("idle connection, goroutines", "", func(m idle) float64 { return m.goroutines })
	return nil
}

func printHead(o options, t *table) {
	fmt.Printf("bench -peers %s -rounds %d -time %s -idle-rounds %d -connections %d\n",
		strings.Join(t.columns, ","), o.rounds, o.each, o.idleRounds, o.connections)
	fmt.Printf("%s, commit %s, %s %s/%s, %d CPUs\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, p := range o.peers {
		fmt.Printf("  %-14s %s\n", p.name(), p.about())
	}
	fmt.Printf("\nTwo processes over loopback, client to server. Medians; × is the ratio to %s; CPU and\n"+
		"allocations are those of both sides, per million messages and per message (a round trip\n"+
		"counts as one); idle figures are the server's, with an application goroutine waiting.\n\n",
		t.columns[t.baseline])
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
