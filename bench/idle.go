package main

import (
	"errors"
	"fmt"
	"sync"
)

// idle is what an idle connection costs its server, which has a goroutine waiting in receive.
type idle struct {
	rss        float64 // KiB of resident memory; 0 where it can't be had
	heap       float64 // KiB of heap and stacks in use
	goroutines float64 // with the one that waits in receive
}

// measureIdle opens connections to a fresh server process, exchanges one message on each,
// and compares the process with what it was before.
func measureIdle(p peer, connections int) (idle, error) {
	s, err := startServer(p)
	if err != nil {
		return idle{}, err
	}
	defer s.stop()
	first, err := openIdle(p, s.addr, 8) // what there is once a process is not the connections'
	defer closeAll(first)
	if err != nil {
		return idle{}, err
	}
	before, err := s.usage(true)
	if err != nil {
		return idle{}, err
	}
	conns, err := openIdle(p, s.addr, connections)
	defer closeAll(conns)
	if err != nil {
		return idle{}, err
	}
	after, err := s.usage(true)
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

func openIdle(p peer, addr string, n int) ([]conn, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns []conn
		errs  []error
		slots = make(chan struct{}, 16)
	)
	for range n {
		slots <- struct{}{}
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
	if _, err := roundTrips(c, 128, 1); err != nil {
		c.close()
		return nil, fmt.Errorf("%s: %w", p.name(), err)
	}
	return c, nil
}

func closeAll(conns []conn) {
	for _, c := range conns {
		c.close()
	}
}
