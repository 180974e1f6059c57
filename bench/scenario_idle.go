package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

var idleScenario = scenario{
	name: "idle",
	about: "What an idle connection costs its server, that is ready to take a message from it, after one " +
		"has been exchanged: resident memory, heap and stacks, goroutines.",
	run: runIdle,
}

// idle is what a connection costs its server.
type idle struct {
	rss        float64 // KiB of resident memory; 0 where it can't be had
	heap       float64 // KiB of heap and stacks in use
	goroutines float64 // the application's included
}

const (
	idleRSS        = "idle connection, server: RSS"
	idleHeap       = "idle connection, server: heap and stacks"
	idleGoroutines = "idle connection, server: goroutines"
	// sessionGoroutines are those without the application's, where that is known.
	sessionGoroutines = "idle connection, server: goroutines beside the application's"
)

func runIdle(b *bench) error {
	connections, rounds := 1000, 3
	if b.quick {
		connections, rounds = 200, 1
	}
	rss := b.report.add("idle", idleRSS, "KiB", lower)
	heap := b.report.add("idle", idleHeap, "KiB", lower)
	goroutines := b.report.add("idle", idleGoroutines, "", lower)
	own := b.report.add("idle", sessionGoroutines, "", lower)
	return b.interleave("idle", rounds, len(b.peers), func(i int) error {
		p := b.peers[i]
		m, err := measureIdle(p, connections)
		if err != nil {
			return err
		}
		if m.rss != 0 {
			rss.put(p.name(), m.rss)
		}
		heap.put(p.name(), m.heap)
		if _, other := p.(foreign); !other {
			goroutines.put(p.name(), m.goroutines)
			if p.name() == ours || p.name() == baseline { // they have one that waits in receive
				own.put(p.name(), m.goroutines-1)
			}
		}
		return nil
	})
}

// measureIdle opens connections to a fresh server process, exchanges one message on each,
// and compares the process with what it was before.
func measureIdle(p peer, connections int) (idle, error) {
	t, err := newTrack(p)
	if err != nil {
		return idle{}, err
	}
	defer t.stop()
	end, err := t.open(8) // what there is once a process is not the connections'
	if err != nil {
		return idle{}, err
	}
	defer end()
	before, err := t.server.usage(true)
	if err != nil {
		return idle{}, err
	}
	end, err = t.open(connections)
	if err != nil {
		return idle{}, err
	}
	defer end()
	after, err := t.server.usage(true)
	if err != nil {
		return idle{}, err
	}
	n := float64(connections)
	return idle{
		rss:        (float64(after.RSS) - float64(before.RSS)) / n / 1024,
		heap:       (float64(after.Heap) - float64(before.Heap)) / n / 1024,
		goroutines: float64(after.Goroutines-before.Goroutines) / n,
	}, nil
}

// open opens n connections and exchanges a message on each; end closes them.
func (t *track) open(n int) (end func(), err error) {
	if t.client != nil {
		_, err := t.client.do(job{Do: "open", Addr: t.server.addr, Count: n})
		return func() {}, err
	}
	conns, err := openIdle(t.p, t.server.addr, n)
	if err != nil {
		closeAll(conns)
	}
	return func() { closeAll(conns) }, err
}

func openIdle(p peer, addr string, n int) ([]conn, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns []conn
		errs  []error
		slots = make(chan struct{}, 16)
	)
	late := time.Now().Add(patience)
	for i := range n {
		slots <- struct{}{}
		if time.Now().After(late) {
			mu.Lock()
			errs = append(errs, fmt.Errorf("%s: %d of %d connections within %s", p.name(), i, n, patience))
			mu.Unlock()
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			c, err := openOne(p, addr)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			conns = append(conns, c)
		})
	}
	wg.Wait()
	return conns, errors.Join(errs...)
}

func openOne(p peer, addr string) (conn, error) {
	c, err := p.dial(addr)
	if err != nil {
		return nil, err
	}
	defer time.AfterFunc(patience, func() { c.close() }).Stop()
	if _, err := roundTrips(c, 128, 1); err != nil {
		c.close()
		return nil, fmt.Errorf("%s: %w", p.name(), err)
	}
	return c, nil
}

// closeAll closes many at a time: some say goodbye, and wait for an answer.
func closeAll(conns []conn) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 64)
	for _, c := range conns {
		slots <- struct{}{}
		wg.Go(func() { c.close(); <-slots })
	}
	wg.Wait()
}
