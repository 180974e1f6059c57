package main

import (
	"errors"
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
			name := s.peers[i].name()
			if f.Notes[name] != "" {
				return nil // one round of waiting in vain is enough
			}
			took, err := storm(s.peers[i], s.connections)
			switch {
			case errors.Is(err, errNotBack):
				f.Notes[name] = "> " + patience.String()
				return nil
			case err != nil:
				return fmt.Errorf("%s: %w", name, err)
			}
			f.put(name, millis(took))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errNotBack: not all connections were back when patience ended.
var errNotBack = errors.New("not all are back")

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
	var lost error
	for range n {
		if err := <-errs; err != nil {
			lost = err
		}
	}
	took := time.Since(began)
	wg.Wait()
	if lost != nil && took >= patience {
		return 0, errNotBack
	}
	return took, lost
}

// weather waits for the connection to break, makes another one in its place unless the peer
// does that by itself, and exchanges a message.
func (t *track) weather(c conn, cut <-chan struct{}) (conn, error) {
	if _, ok := c.(*brumConn); ok {
		<-cut // what is sent from here on can't have come over the old connection
		defer time.AfterFunc(patience, func() { c.close() }).Stop()
		_, err := roundTrips(c, 128, 1)
		return c, err
	}
	c.each(func([]byte) bool { return true })
	c.close()
	deadline := time.Now().Add(patience)
	for {
		again, err := openOne(t.p, t.server.addr)
		if err == nil {
			return again, nil
		}
		if time.Now().After(deadline) {
			return c, err
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
