// Command demo shows what brum is for: it runs a hub and two instances with real processes,
// cuts their connections for ten seconds in the way a Wi-Fi dies, and proves that not a line
// of output was lost or came twice. It needs no root, takes less than a minute, uses nothing
// outside a temporary directory and leaves nothing behind.
//
//	demo -bin bin                            with bin/brum-hub and bin/brum-instance
//	demo -bin bin -outage 30s -within 2s     fails if a resume takes longer
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/standardbeagle/brum/internal/programlog"
)

// lineEvery is how often a sample process prints.
const lineEvery = 40 * time.Millisecond

// plan is what is shown.
type plan struct {
	outage time.Duration
	within time.Duration // how soon the sessions have to be back; 0 for whenever
}

// lines is how many each process prints: for some seconds more than the outage takes.
func (p plan) lines() int { return int((p.outage + 14*time.Second) / lineEvery) }

// limit is how long all of it may take.
func (p plan) limit() time.Duration { return p.outage + 48*time.Second }

func main() { os.Exit(run()) }

func run() int {
	bin := flag.String("bin", "bin", "directory of the programs")
	var p plan
	flag.DurationVar(&p.outage, "outage", 10*time.Second, "how long the network is dead")
	flag.DurationVar(&p.within, "within", 0, "fail if the sessions are not back so soon after it")
	count := flag.String("count", "", "print numbered lines under this name: the demo's sample process")
	flag.Parse()
	if *count != "" {
		printLines(*count, p.lines())
		return 0
	}
	defer programlog.OutliveReaders()() // whoever stops reading leaves a mess to clean up
	limit := p.limit()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v", limit))
	defer cancel()

	began := time.Now()
	err := demo(ctx, *bin, p)
	switch {
	case err == nil:
		say("\n%s in %.0f s.\n", green("All is well,"), time.Since(began).Seconds())
		return 0
	case errors.Is(context.Cause(ctx), context.Canceled):
		say("\nInterrupted; everything is cleaned up.\n")
		return 130
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	fmt.Fprintf(os.Stderr, "\n%s %v\n", red("The demo failed:"), err)
	return 1
}

// demo runs all of it in a temporary directory and cleans up.
func demo(ctx context.Context, bin string, p plan) (err error) {
	dir, err := os.MkdirTemp("", "brum-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	s, err := newStage(dir, bin, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, act := range []func(context.Context) error{s.start, s.cut, s.heal, s.prove} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// printLines is the sample process: a real one, whose lines come whether anybody listens or not.
func printLines(name string, lines int) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for i := 1; i <= lines; i++ {
		fmt.Println(lineOf(name, i, lines))
		<-tick.C
	}
}

// lineOf is the line number i of a process that prints so many.
func lineOf(name string, i, lines int) string {
	return fmt.Sprintf("%s: line %d of %d", name, i, lines)
}

// program is the path of one of brum's programs.
func program(bin, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(bin, name)
}
