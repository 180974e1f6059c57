package session

import (
	"flag"
	"os"
	"strconv"
	"testing"
	"time"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "simulate the day of this seed only")
	seedsFlag = flag.Int("sim.seeds", 0, "simulate so many days")
)

// seeds is how many days are asked for; 0 leaves it to the clock.
func seeds(t *testing.T) int {
	if *seedsFlag > 0 {
		return *seedsFlag
	}
	text := os.Getenv("BRUM_SIM_SEEDS")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("BRUM_SIM_SEEDS is %q, no number of days", text)
	}
	return n
}

// simulationTime is what the simulation takes where nobody asks for a number of days. Nothing in
// it runs concurrently, so the race detector has little to see.
func simulationTime() time.Duration {
	if raceEnabled {
		return 2 * time.Second
	}
	return 12 * time.Second
}

// TestSimulation lives through days of random trouble in virtual time, each from a seed.
func TestSimulation(t *testing.T) {
	if *seedFlag > 0 {
		d, err := liveDay(*seedFlag)
		if err != nil {
			t.Fatal(err)
		}
		report(t, d.totals, 0)
		return
	}
	n, began := seeds(t), time.Now()
	var sum totals
	for seed := uint64(1); n > 0 && seed <= uint64(n) || n == 0 && time.Since(began) < simulationTime(); seed++ {
		d, err := liveDay(seed)
		if err != nil {
			t.Fatal(err)
		}
		sum.add(d.totals)
	}
	report(t, sum, time.Since(began))
}

func report(t *testing.T, s totals, took time.Duration) {
	t.Helper()
	if took > 0 {
		t.Logf("%d days in %v: %.0f a minute", s.days, took.Round(time.Millisecond), float64(s.days)/took.Minutes())
	}
	t.Logf("%.0f virtual hours, %d events, %d packets, %d messages of %d MB in %d sessions", s.virtual.Hours(), s.events, s.packets,
		s.messages, s.bytes>>20, s.sessions)
	t.Logf("%d cuts, %d black holes, %d changes of path, %d sleeps, %d pauses, %d restarts, %d replayed requests", s.cuts, s.holes, s.moves,
		s.sleeps, s.pauses, s.restarts, s.replays)
	t.Logf("%d attempts, %d attaches, %d resumes, %d links given up, %d ends, %d verdicts, %d ticks", s.dials, s.attaches, s.resumes, s.judged,
		s.lost, s.verdicts, s.ticks)
}

// TestSimulationIsDeterministic: a seed that fails will fail again, in the same way.
func TestSimulationIsDeterministic(t *testing.T) {
	for seed := uint64(1); seed <= 4; seed++ {
		first, err := liveDay(seed)
		if err != nil {
			t.Fatal(err)
		}
		again, err := liveDay(seed)
		if err != nil {
			t.Fatal(err)
		}
		if first.trace.hash.Sum64() != again.trace.hash.Sum64() || first.trace.n != again.trace.n {
			t.Errorf("seed %d: two days, of %d and %d events", seed, first.trace.n, again.trace.n)
		}
	}
}

// S8 in the judgement of the simulation: a connection may be bound in calm weather that was made
// before it, on a path that is no more. Whoever then hears nothing is right to give it up.
func TestSimulationOfALateBinding(t *testing.T) {
	d, err := simulate(1, func(d *day) {
		d.draw()
		d.plan.troubles, d.plan.heartbeat, d.plan.window = 0, DefaultHeartbeat, DefaultWindow
		d.begin()
		joined := func() bool {
			list := d.live()
			return len(list) == 2 && list[0].link != nil && list[1].link != nil
		}
		if !d.untilTrue(time.Minute, joined) {
			d.fail("no session")
		}
		a, b := d.live()[0], d.live()[1]
		was := a.link.id
		d.late = 5 * time.Second
		for _, k := range d.net.conns[0].sockets {
			k.fail(errSimReset)
		}
		if !d.untilTrue(d.t+time.Minute, func() bool { return a.link != nil && a.link.id > was }) || b.link != nil {
			d.fail("no link of which only one side knows")
		}
		d.net.delay = time.Second // so that there will be another path
		d.calmDown()
		d.until(d.t + linkedBy)
		if d.totals.judged == 0 || !joined() || a.link.id != b.link.id {
			d.fail("%d links were given up, %v, %v", d.totals.judged, a.link, b.link)
		}
	})
	if err != nil {
		t.Fatal(err, d.t)
	}
}
