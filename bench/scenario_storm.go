package main

import (
	"fmt"
	"sync"
	"time"
)

var stormScenario = scenario{
	name: "storm",
	about: "The server resets all connections at once; from then until a message has gone there and back on " +
		"each again. brum and Socket.IO reconnect by themselves, the others are dialled anew, all at once.",
	run: runStorm,
}

func stormFigure(n int) string { return fmt.Sprintf("%s cut at once, all back", format(float64(n))) }

func runStorm(b *bench) error {
	type size struct {
		connections, rounds int
		peers               []peer
	}
	sizes := []size{
		{2_000, 3, b.peersOf("coder", "brum", "gws", "gorilla", "grpc", "socket.io")},
		{10_000, 2, b.peersOf("coder", "brum")},
	}
	if b.quick {
		sizes = []size{{2_000, 1, b.peersOf("coder", "brum")}}
	}
	for _, s := range sizes {
		f := b.report.add("storm", stormFigure(s.connections), "ms", lower)
		err := b.interleave(f.Name, s.rounds, len(s.peers), func(i int) error {
			took, err := storm(s.peers[i], s.connections)
			if err != nil {
				return fmt.Errorf("%s: %w", s.peers[i].name(), err)
			}
			f.put(s.peers[i].name(), float64(took)/float64(time.Millisecond))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func storm(p peer, n int) (time.Duration, error) {
	t, err := newTrack(p)
	if err != nil {
		return 0, err
	}
	defer t.stop()
	if t.client != nil {
		return t.foreignStorm(n)
	}
	conns, err := openIdle(p, t.server.addr, n)
	defer func() { closeAll(conns) }()
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	errs := make(chan error, n)
	cut := make(chan struct{})
	for i := range conns {
		wg.Go(func() {
			var err error
			conns[i], err = t.weather(conns[i], cut)
			errs <- err
		})
	}
	began := time.Now()
	_, err = t.server.question(question{Cut: true})
	close(cut)
	if err != nil {
		return 0, err
	}
	for range n {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	wg.Wait()
	return took, nil
}

// weather waits for the connection to break, makes another one in its place unless the peer
// does that by itself, and exchanges a message.
func (t *track) weather(c conn, cut <-chan struct{}) (conn, error) {
	if _, ok := c.(*brumConn); ok {
		<-cut // what is sent from here on can't have come over the old connection
		_, err := roundTrips(c, 128, 1)
		return c, err
	}
	c.each(func([]byte) bool { return true })
	c.close()
	deadline := time.Now().Add(patience)
	for {
		again, err := openOne(t.p, t.server.addr)
		if err == nil || time.Now().After(deadline) {
			return again, err
		}
		time.Sleep(time.Millisecond)
	}
}

func (t *track) foreignStorm(n int) (time.Duration, error) {
	if _, err := t.client.do(job{Do: "open", Addr: t.server.addr, Count: n}); err != nil {
		return 0, err
	}
	if err := t.client.start(job{Do: "storm"}); err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := t.server.question(question{Cut: true}); err != nil {
		return 0, err
	}
	_, err := t.client.result()
	return time.Since(began), err
}
