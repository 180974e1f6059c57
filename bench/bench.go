package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// bench is one run: what is to be measured, and what was.
type bench struct {
	peers  []peer
	rounds int
	each   time.Duration // about how long one measurement of one peer takes
	quick  bool
	report report
}

// scenario is something that can be measured. Each has a file of its own.
type scenario struct {
	name  string // by which it is asked for
	about string // for the document: what is done and how it is judged
	slow  bool   // left out with -quick
	run   func(*bench) error
}

func scenarios() []scenario {
	return []scenario{
		streamScenario,
		idleScenario,
		growthScenario,
		heartbeatScenario,
		resumeScenario,
		replayScenario,
		stormScenario,
		cutsScenario,
		blackHoleScenario,
		bulkScenario,
		longPathScenario,
		durableScenario,
		mcpScenario,
	}
}

// measure runs the scenarios whose names contain one of only, which are separated by commas.
// The error joins those of all that failed, which the report has, too.
func (b *bench) measure(only string) error {
	measured := 0
	var failed error
	for _, sc := range scenarios() {
		if (only == "" && sc.slow && b.quick) || !contains(sc.name, only) {
			continue
		}
		measured++
		began := time.Now()
		err := sc.run(b)
		progress("")
		if err != nil { // the others can be measured all the same
			err = fmt.Errorf("%s: %w", sc.name, err)
			b.report.Failures = append(b.report.Failures, err.Error())
			failed = errors.Join(failed, err)
		}
		fmt.Fprintf(os.Stderr, "bench: %s took %s\n", sc.name, time.Since(began).Round(time.Second))
	}
	if measured == 0 {
		return fmt.Errorf("there is no scenario %q", only)
	}
	return failed
}

func contains(name, any string) bool {
	for part := range strings.SplitSeq(any, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// peersOf are those of the chosen peers that a scenario has a use for.
func (b *bench) peersOf(names ...string) []peer {
	var found []peer
	for _, p := range b.peers {
		for _, name := range names {
			if p.name() == name {
				found = append(found, p)
			}
		}
	}
	return found
}

// interleave calls measure for each of n contenders in each round, each round in another order,
// so that whatever else the machine does hits all of them.
func (b *bench) interleave(what string, rounds, n int, measure func(i int) error) error {
	for round := range rounds {
		progress("%s: round %d of %d", what, round+1, rounds)
		for k := range n {
			if err := measure((k + round) % n); err != nil {
				return err
			}
		}
	}
	return nil
}

// progress rewrites a line on the terminal, if there is one.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "\r%-60s\r", fmt.Sprintf(format, args...))
}
