package main

import (
	"fmt"
	"sync"
	"time"
)

var blackHoleScenario = scenario{
	name: "black hole",
	about: "The path swallows everything, silently, for 20 s, with a message each way every 20 ms; what it " +
		"has swallowed of a connection never comes. How long after it is open again until the client's " +
		"application has the next message, with default settings; and how much was lost. Idle: nothing is sent " +
		"meanwhile, except what the peer sends of its own accord; of a connection on which nothing was sent " +
		"nothing was swallowed, and it goes on.",
	slow: true,
	run:  runBlackHole,
}

const (
	holeBack = "black hole, then open: next message"
	holeLost = "black hole, then open: lost"
	holeIdle = "black hole while idle, then open: next message"

	holeCount = 1 << 20 // more messages than are sent
	holeWait  = time.Minute
	holeLasts = 20 * time.Second
	holeEvery = 20 * time.Millisecond
)

func runBlackHole(b *bench) error {
	back := b.report.add("black hole", holeBack, "ms", lower)
	lost := b.report.add("black hole", holeLost, "messages", lower)
	idle := b.report.add("black hole", holeIdle, "ms", lower)
	lost.Plain = true
	prompt, waiting := breakable(b)
	var mu sync.Mutex
	enter := func(f *figure, p peer, waited time.Duration, ok bool) {
		if !ok {
			f.Notes[column(p)] = "> " + holeWait.String()
			return
		}
		f.put(column(p), float64(waited)/float64(time.Millisecond))
	}
	progress("black hole: %s, and up to %s more", holeLasts, holeWait)
	var wg sync.WaitGroup
	var idleErr error
	wg.Go(func() {
		idleErr = together(b.peersOf(baseline, ours), func(p peer) error {
			waited, ok, err := idleInTheHole(p)
			mu.Lock()
			defer mu.Unlock()
			enter(idle, p, waited, ok)
			return err
		})
	})
	err := together(append(prompt, waiting...), func(p peer) error {
		r, err := talkInTheHole(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		mu.Lock()
		defer mu.Unlock()
		enter(back, p, r.waited, r.back)
		if r.back {
			lost.put(column(p), float64(r.lost))
		}
		return nil
	})
	wg.Wait()
	if err == nil {
		err = idleErr
	}
	return err
}

type holeResult struct {
	waited time.Duration
	back   bool
	lost   int
}

// trickle allows one message more every so often, until stop.
func (t *brokenTalk) trickle() (stop func() (allowed int)) {
	quit, ended := make(chan struct{}), make(chan int)
	go func() {
		tick := time.NewTicker(holeEvery)
		defer tick.Stop()
		n := 0
		for {
			select {
			case <-tick.C:
				n++
				t.allow(n)
			case <-quit:
				ended <- n
				return
			}
		}
	}()
	return func() int { close(quit); return <-ended }
}

func talkInTheHole(p peer) (holeResult, error) {
	t, err := newBrokenTalk(p, holeCount, 1)
	if err != nil {
		return holeResult{}, err
	}
	defer t.end()
	stop := t.trickle()
	time.Sleep(time.Second)
	t.proxy.Blackhole()
	time.Sleep(holeLasts)
	var r holeResult
	if r.waited, r.back, err = t.heal(); err != nil || !r.back {
		stop()
		return r, err
	}
	sent := stop()
	r.lost, err = t.missing(sent)
	return r, err
}

// heal opens the path and waits for the next message.
func (t *brokenTalk) heal() (waited time.Duration, ok bool, err error) {
	before, err := t.talker.standing()
	if err != nil {
		return 0, false, err
	}
	began := time.Now()
	t.proxy.Heal()
	for time.Since(began) < holeWait {
		s, err := t.talker.standing()
		if err != nil {
			return 0, false, err
		}
		if s.Received > before.Received {
			return time.Since(began), true, nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, false, nil
}

// missing returns, when nothing more arrives, how many of the messages sent did not, both ways.
func (t *brokenTalk) missing(sent int) (int, error) {
	last, changed := -1, time.Now()
	for {
		here, err := t.talker.standing()
		if err != nil {
			return 0, err
		}
		there, err := t.server.question(question{Exchange: t.number})
		if err != nil {
			return 0, err
		}
		lost := sent - there.Standing.Received + sent - here.Received
		if lost == 0 || time.Since(changed) > calm && lost == last {
			return lost, nil
		}
		if lost != last {
			last, changed = lost, time.Now()
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// idleInTheHole exchanges one message, falls silent, and sends the next one when the path is
// open again.
func idleInTheHole(p peer) (time.Duration, bool, error) {
	t, err := newBrokenTalk(p, holeCount, 1)
	if err != nil {
		return 0, false, err
	}
	defer t.end()
	t.allow(1)
	if err := t.until(10*time.Second, func(s standing) bool { return s.Received == 1 }); err != nil {
		return 0, false, err
	}
	t.proxy.Blackhole()
	time.Sleep(holeLasts)
	t.allow(2)
	return t.heal()
}
