package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var bulkScenario = scenario{
	name: "bulk",
	about: "Calls of 128 B, one after the other, while messages of 64 MiB go the same way on the same " +
		"connection, on a stream of their own where the peer has streams (brum, yamux, gRPC): the 99th " +
		"percentile of a call, and what the company adds to it. Here the processes have all cores: on one each, " +
		"who calls would wait for the sender's time slice, and not for its peer.",
	run: runBulk,
}

const (
	bulkSize   = 64 << 20
	bulkAlone  = "128 B call: p99"
	bulkBeside = "128 B call beside 64 MiB: p99"
	bulkAdded  = "128 B call beside 64 MiB: added to p99"
)

func runBulk(b *bench) error {
	if isPinned() {
		return b.unpinned("bulk")
	}
	contenders := b.peersOf("coder", "brum", "gws", "tcp", "yamux", "grpc")
	tracks := make([]*track, len(contenders))
	for i, p := range contenders {
		if p.name() == ours {
			p = newStreamsPeer()
		}
		t, err := newTrack(p)
		if err != nil {
			return err
		}
		defer t.stop()
		tracks[i] = t
	}
	alone := b.report.add("bulk", bulkAlone, "ms", lower)
	beside := b.report.add("bulk", bulkBeside, "ms", lower)
	added := b.report.add("bulk", bulkAdded, "ms", lower)
	return b.interleave("bulk", max(1, b.rounds/2), len(tracks), func(i int) error {
		name := contenders[i].name()
		p99, with, err := callsBesideBulk(tracks[i], 4*b.each)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		alone.put(name, millis(p99))
		beside.put(name, millis(with))
		added.put(name, millis(with-p99))
		return nil
	})
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

const bulkCalls = 1000

func callsBesideBulk(t *track, lasts time.Duration) (alone, with time.Duration, err error) {
	c, err := t.p.dial(t.server.addr)
	if err != nil {
		return 0, 0, err
	}
	defer c.close()
	late := time.AfterFunc(patience, func() { c.close() })
	defer late.Stop()
	if err := c.send(command(opMixed, 1<<40)); err != nil {
		return 0, 0, err
	}
	took, err := calls(c, 128, bulkCalls)
	if err != nil {
		return 0, 0, err
	}
	aside, err := beside(c)
	if err != nil {
		return 0, 0, err
	}
	alone = p99(took)
	var over atomic.Bool
	var wg sync.WaitGroup
	var bulkErr error
	begun := make(chan struct{})
	wg.Go(func() {
		msg := make([]byte, bulkSize)
		close(begun)
		for !over.Load() && bulkErr == nil {
			bulkErr = aside.send(msg)
		}
	})
	<-begun
	took = nil
	for began := time.Now(); err == nil && (time.Since(began) < lasts || len(took) < 10); {
		var more []time.Duration
		more, err = calls(c, 128, 1)
		took = append(took, more...)
	}
	over.Store(true)
	wg.Wait()
	if err == nil {
		err = bulkErr
	}
	if err != nil {
		return 0, 0, err
	}
	return alone, p99(took), nil
}

// laned is a connection that can carry more than one sequence of messages.
type laned interface {
	// lane opens another one, which ends with the connection.
	lane() (conn, error)
}

// beside is where to send in bulk: on a lane of its own, if the peer has that.
func beside(c conn) (sender, error) {
	l, ok := c.(laned)
	if !ok {
		return c, nil
	}
	other, err := l.lane()
	if err != nil {
		return nil, err
	}
	return other, other.send(command(opSink, 1<<40))
}

func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[(len(took)-1)*99/100]
}
